import { createHash } from 'node:crypto'
import { badParameter, badRequest, created, notFound, ok } from '../http/answer.ts'
import { flag, oneOf, param, requiredText, route, text } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { presentUser } from '../world/people.ts'
import type { Discussion, Note, Noteable } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'
import { issueOf, mergeRequestOf, projectFor, projectOf } from './find.ts'
import { presentNote } from '../present/note.ts'
import { changesOf } from '../present/merge-request-changes.ts'
import { compare } from './projects.ts'

type Find = (call: Call) => Noteable

/** Comments of what is found; GitLab has the same routes for both. */
const routesOf = (kind: 'merge_requests' | 'issues', find: Find): Route[] => {
  const at = `/projects/:id/${kind}/:iid`
  const type = kind === 'issues' ? 'Issue' : 'MergeRequest'
  return [
    route('GET', `${at}/notes`, (call) => {
      const sign = (oneOf(call, 'sort', ['asc', 'desc']) ?? 'desc') === 'asc' ? 1 : -1
      const notes = find(call).discussions.flatMap(({ notes }) => notes)
      const rows = notes.toSorted((one, other) => sign * (compare(one.createdAt.getTime(), other.createdAt.getTime()) || one.id - other.id))
      return paginate(call, rows, (note) => presentNote(note, type))
    }),
    route('POST', `${at}/notes`, (call) => {
      const discussion = add(call, find(call), true)
      return created(presentNote(first(discussion), type))
    }),
    route('GET', `${at}/discussions`, (call) =>
      paginate(call, find(call).discussions, (discussion) => presentDiscussion(discussion, type)),
    ),
    route('POST', `${at}/discussions`, (call) => {
      const noteable = find(call)
      checkPosition(call)
      return created(presentDiscussion(add(call, noteable, false), type))
    }),
    route('POST', `${at}/discussions/:discussion/notes`, (call) => {
      const noteable = find(call)
      const discussion = discussionOf(call, noteable)
      if (discussion.individual && kind === 'issues') throw badRequest('Discussion can not be replied to')
      const note = makeNote(call, first(discussion).resolvable)
      discussion.notes.push(note)
      noteable.updatedAt = note.createdAt
      return created(presentNote(note, type))
    }),
    ...(kind === 'issues' ? [] : [route('PUT', `${at}/discussions/:discussion`, (call) => resolve(call, find(call)))]),
  ]
}

export const discussionRoutes: readonly Route[] = [
  ...routesOf('merge_requests', (call) => mergeRequestOf(call, access(call))),
  ...routesOf('issues', (call) => issueOf(call, access(call))),
  route('POST', '/projects/:id/repository/commits/:sha/comments', (call) => {
    const project = projectFor(call, 'reporter')
    if (!project.repository.resolve(param(call, 'sha'))) throw notFound('Commit')
    const note = requiredText(call, 'note')
    const path = text(call, 'path')
    if (path !== undefined) {
      if (text(call, 'line') === undefined) throw badParameter('line is missing')
      if (!oneOf(call, 'line_type', ['new', 'old'])) throw badParameter('line_type is missing')
    }
    return created({
      note,
      path: path ?? null,
      line: path === undefined ? null : Number(text(call, 'line')),
      line_type: text(call, 'line_type') ?? null,
      author: presentUser(call.user),
      created_at: timestamp(call.world.now()),
    })
  }),
]

const access = (call: Call) => (call.method === 'GET' || call.method === 'HEAD' ? projectOf(call) : projectFor(call, 'guest'))

function discussionOf(call: Call, { discussions }: Noteable): Discussion {
  const found = discussions.find(({ id }) => id === param(call, 'discussion'))
  if (!found) throw notFound('Discussion')
  return found
}

function first({ notes }: Discussion): Note {
  const [note] = notes
  if (!note) throw new Error('a discussion has a note')
  return note
}

function add(call: Call, noteable: Noteable, individual: boolean): Discussion {
  const note = makeNote(call, !individual && 'sourceBranch' in noteable)
  const discussion = { id: createHash('sha1').update(String(note.id)).digest('hex'), individual, notes: [note] }
  noteable.discussions.push(discussion)
  noteable.updatedAt = note.createdAt
  return discussion
}

function makeNote(call: Call, resolvable: boolean): Note {
  const position = call.input['position']
  return {
    id: call.world.nextId(),
    body: requiredText(call, 'body'),
    author: call.user,
    createdAt: call.world.now(),
    system: false,
    resolvable,
    resolved: false,
    resolvedBy: undefined,
    position: typeof position === 'object' && position !== null ? position : undefined,
  }
}

/** GitLab takes a comment on a line only where the diff has the line. */
function checkPosition(call: Call): void {
  const position = call.input['position']
  if (position === undefined) return
  const { base_sha, head_sha, start_sha, position_type, new_path, new_line, old_line } = position as Record<string, unknown>
  for (const [name, value] of Object.entries({ base_sha, head_sha, start_sha, position_type })) {
    if (typeof value !== 'string') throw badParameter(`position[${name}] is missing`)
  }
  const { base, head, diffs } = changesOf(mergeRequestOf(call))
  const isCurrent = head_sha === head?.id && base_sha === base?.id
  const file = diffs.find((diff) => diff.new_path === new_path)
  const hasLine = Number.isInteger(new_line) || Number.isInteger(old_line)
  if (!isCurrent || !file || !hasLine) throw badRequest('Note {:line_code=>["can\'t be blank", "must be a valid line code"]}')
}

function resolve(call: Call, noteable: Noteable) {
  const discussion = discussionOf(call, noteable)
  const resolved = flag(call, 'resolved')
  if (resolved === undefined) throw badParameter('resolved is missing')
  if (discussion.individual) throw badRequest('Discussion is not resolvable')
  for (const note of discussion.notes) {
    note.resolved = resolved
    note.resolvedBy = resolved ? call.user : undefined
  }
  return ok(presentDiscussion(discussion, 'MergeRequest'))
}

const presentDiscussion = ({ id, individual, notes }: Discussion, type: string) => ({
  id,
  individual_note: individual,
  notes: notes.map((note) => presentNote(note, type)),
})
