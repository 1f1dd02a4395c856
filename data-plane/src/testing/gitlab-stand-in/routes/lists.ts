import { oneOf, text, words } from '../http/call.ts'
import type { Call } from '../http/call.ts'
import type { Noteable } from '../world/project.ts'
import { compare } from './projects.ts'

/** The filters and orders that lists of merge requests and of issues share. */
export function select<T extends Noteable>(call: Call, all: readonly T[]): T[] {
  const tests = [
    byState(call),
    byText(call),
    byLabels(call),
    byTimes(call),
    byPerson(text(call, 'author_username'), ({ author }) => [author.username]),
    byPerson(firstOf(call, 'assignee_username'), ({ assignees }) => assignees.map(({ username }) => username)),
    byMilestone(call),
  ]
  const kept = all.filter((item) => tests.every((test) => test(item)))
  const by = oneOf(call, 'order_by', ['created_at', 'updated_at', 'title', 'priority']) ?? 'created_at'
  const sign = (oneOf(call, 'sort', ['asc', 'desc']) ?? 'desc') === 'asc' ? 1 : -1
  const key = (item: T): number | string =>
    by === 'title' ? item.title : by === 'updated_at' ? item.updatedAt.getTime() : item.createdAt.getTime()
  return kept.toSorted((one, other) => sign * (compare(key(one), key(other)) || one.id - other.id))
}

type Test = (item: Noteable) => boolean

function byState(call: Call): Test {
  const state = oneOf(call, 'state', ['opened', 'closed', 'locked', 'merged', 'all']) ?? 'all'
  return (item) => state === 'all' || item.state === state
}

function byText(call: Call): Test {
  const search = text(call, 'search')?.toLowerCase()
  return ({ title, description }) => search === undefined || `${title}\n${description}`.toLowerCase().includes(search)
}

function byLabels(call: Call): Test {
  const wanted = words(call, 'labels') ?? []
  return ({ labels }) => wanted.every((label) => labels.includes(label))
}

/** On or before, and on or after, as GitLab takes these times. */
function byTimes(call: Call): Test {
  const [createdAfter, createdBefore, updatedAfter, updatedBefore] = [
    'created_after',
    'created_before',
    'updated_after',
    'updated_before',
  ].map((name) => time(call, name))
  return ({ createdAt, updatedAt }) =>
    createdAt.getTime() >= (createdAfter ?? -Infinity) &&
    createdAt.getTime() <= (createdBefore ?? Infinity) &&
    updatedAt.getTime() >= (updatedAfter ?? -Infinity) &&
    updatedAt.getTime() <= (updatedBefore ?? Infinity)
}

function time(call: Call, name: string): number | undefined {
  const value = text(call, name)
  return value === undefined ? undefined : Date.parse(value)
}

function byPerson(username: string | undefined, of: (item: Noteable) => readonly string[]): Test {
  return (item) => username === undefined || of(item).includes(username)
}

function byMilestone(call: Call): Test {
  const title = text(call, 'milestone')
  return ({ milestone }) => title === undefined || milestone?.title === title
}

const firstOf = (call: Call, name: string): string | undefined => words(call, name)?.[0]

/** `scope` of lists that are of no project or group: without it, what the caller made. */
export function ofCaller<T extends Noteable & { reviewers?: readonly { username: string }[] }>(call: Call, all: readonly T[]): T[] {
  const scope =
    oneOf(call, 'scope', ['created_by_me', 'assigned_to_me', 'reviews_for_me', 'all', 'created-by-me', 'assigned-to-me']) ?? 'created_by_me'
  const { username } = call.user
  return all.filter(({ author, assignees, reviewers }) => {
    if (scope === 'all') return true
    if (scope === 'reviews_for_me') return reviewers?.some((reviewer) => reviewer.username === username) ?? false
    if (scope.startsWith('assigned')) return assignees.some((assignee) => assignee.username === username)
    return author.username === username
  })
}
