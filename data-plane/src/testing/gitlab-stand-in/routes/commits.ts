import { badParameter, created, notFound, ok, Refusal } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { oneOf, param, requiredText, route, text } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { ACCESS } from '../world/people.ts'
import type { Project } from '../world/project.ts'
import type { Commit } from '../world/repository.ts'
import { projectFor, projectOf } from './find.ts'
import { presentCommit } from '../present/commit.ts'
import { commitOf } from './repository.ts'

const at = '/projects/:id/repository/commits'

export const commitRoutes: readonly Route[] = [
  route('GET', at, (call) => {
    const { repository, defaultBranch } = projectOf(call)
    const from = repository.resolve(text(call, 'ref_name') ?? defaultBranch)
    if (!from) throw notFound('Reference')
    const author = text(call, 'author')?.toLowerCase()
    const since = Date.parse(text(call, 'since') ?? '1970-01-01')
    const until = Date.parse(text(call, 'until') ?? '9999-01-01')
    const log = repository
      .log(from, text(call, 'path'))
      .filter(
        ({ author: { name, email }, at }) =>
          `${name} <${email}>`.toLowerCase().includes(author ?? '') && at.getTime() >= since && at.getTime() <= until,
      )
    return paginate(call, log, presentCommit, { uncounted: true })
  }),
  route('GET', `${at}/:sha`, (call) => {
    const commit = commitOf(call, param(call, 'sha'))
    const { repository } = projectOf(call)
    const lines = repository.diff(repository.parentOf(commit), commit).flatMap(({ diff }) => diff.split('\n'))
    const additions = lines.filter((line) => line.startsWith('+')).length
    const deletions = lines.filter((line) => line.startsWith('-')).length
    return ok({
      ...presentCommit(commit),
      stats: { additions, deletions, total: additions + deletions },
      status: null,
      project_id: projectOf(call).id,
      last_pipeline: null,
    })
  }),
  route('GET', `${at}/:sha/diff`, (call) => {
    const commit = commitOf(call, param(call, 'sha'))
    const { repository } = projectOf(call)
    return paginate(call, repository.diff(repository.parentOf(commit), commit), (diff) => diff)
  }),
  route('POST', at, commitFiles),
]

interface Action {
  readonly action: 'create' | 'update' | 'move' | 'delete' | 'chmod'
  readonly path: string
  readonly previous: string | undefined
  readonly content: string | undefined
  readonly lastCommit: string | undefined
}

function commitFiles(call: Call): Answer {
  const project = projectFor(call, 'developer')
  const { repository } = project
  const name = requiredText(call, 'branch')
  const message = requiredText(call, 'commit_message')
  const start = text(call, 'start_branch') ?? text(call, 'start_sha')
  const branch = repository.branches.get(name)
  if (branch?.protected === true && (call.world.accessTo(project, call.user) ?? 0) < ACCESS.maintainer) {
    throw new Refusal(403, { message: '403 Forbidden - You are not allowed to push into this branch' })
  }
  if (start !== undefined && branch && start !== name) {
    throw new Refusal(400, { message: `A branch called '${name}' already exists. Switch to that branch in order to make changes` })
  }
  if (!branch && start === undefined && repository.commits.size > 0) {
    throw new Refusal(400, { message: 'You can only create or edit files when you are on a branch' })
  }
  const from = start === undefined || branch ? branch && repository.commits.get(branch.head) : commitOf(call, start)
  const changes = changesOf(actionsOf(call), from, project)
  if (!branch && from) repository.branches.set(name, { name, head: from.id, protected: false })
  const made = call.world.commit(project, call.user, name, changes, message)
  return created({
    ...presentCommit(made),
    stats: { additions: 1, deletions: 0, total: 1 },
    status: null,
    project_id: project.id,
    last_pipeline: null,
  })
}

function actionsOf(call: Call): Action[] {
  const actions = call.input['actions']
  if (!Array.isArray(actions) || actions.length === 0) throw badParameter('actions is missing')
  return actions.map((given: Record<string, unknown>) => {
    const one = { ...call, input: given }
    const action = oneOf(one, 'action', ['create', 'update', 'move', 'delete', 'chmod'])
    if (!action) throw badParameter('actions[0][action] is missing')
    const content = text(one, 'content')
    return {
      action,
      path: requiredText(one, 'file_path'),
      previous: text(one, 'previous_path'),
      content: text(one, 'encoding') === 'base64' ? Buffer.from(content ?? '', 'base64').toString('utf8') : content,
      lastCommit: text(one, 'last_commit_id'),
    }
  })
}

function changesOf(actions: readonly Action[], from: Commit | undefined, { repository }: Project): Record<string, string | undefined> {
  const files = new Map(from?.files)
  const changes: Record<string, string | undefined> = {}
  for (const { action, path, previous, content, lastCommit } of actions) {
    const old = action === 'move' ? previous : path
    if (action === 'create' && files.has(path)) throw new Refusal(400, { message: 'A file with this name already exists' })
    if (action !== 'create' && (old === undefined || !files.has(old)))
      throw new Refusal(400, { message: "A file with this name doesn't exist" })
    const last = from && old !== undefined ? repository.lastCommitOf(from, old) : undefined
    if (lastCommit !== undefined && last && last.id !== lastCommit) {
      throw new Refusal(400, { message: `The file has changed since you started editing it: ${old}` })
    }
    const before = old === undefined ? undefined : files.get(old)
    if (action === 'move' && old !== undefined) changes[old] = undefined
    changes[path] = action === 'delete' ? undefined : (content ?? before ?? '')
  }
  return changes
}
