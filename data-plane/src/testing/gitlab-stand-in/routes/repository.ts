import { createHash } from 'node:crypto'
import { badParameter, badRequest, created, noContent, notFound, ok, Refusal } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { flag, oneOf, param, requiredText, route, text } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate, paginateByKey } from '../http/paging.ts'
import { ACCESS } from '../world/people.ts'
import type { Project } from '../world/project.ts'
import type { Branch, Commit } from '../world/repository.ts'
import { projectFor, projectOf } from './find.ts'
import { presentCommit } from '../present/commit.ts'
import { compare } from './projects.ts'

const at = '/projects/:id/repository'

export const repositoryRoutes: readonly Route[] = [
  route('GET', `${at}/branches`, (call) => {
    const project = projectOf(call)
    return listRefs(call, [...project.repository.branches.values()], (branch) => presentBranch(call, project, branch))
  }),
  route('GET', `${at}/branches/:branch`, (call) => {
    const project = projectOf(call)
    return ok(presentBranch(call, project, branchOf(call, project)))
  }),
  route('POST', `${at}/branches`, createBranch),
  route('DELETE', `${at}/branches/:branch`, (call) => {
    const project = projectFor(call, 'developer')
    const branch = branchOf(call, project)
    if (branch.protected || branch.name === project.defaultBranch)
      throw new Refusal(405, { message: "405 Protected branch can't be removed" })
    project.repository.branches.delete(branch.name)
    return noContent
  }),
  route('GET', `${at}/tags`, (call) => {
    const { repository } = projectOf(call)
    const tags = [...repository.tags].flatMap(([name, id]) => ({ name, commit: repository.commits.get(id) }))
    return listRefs(call, tags, ({ name, commit }) => ({
      name,
      message: '',
      target: commit?.id ?? '',
      commit: commit ? presentCommit(commit) : null,
      release: null,
      protected: false,
    }))
  }),
  route('GET', `${at}/tree`, listTree),
  route('GET', `${at}/files/:path`, getFile),
  route('GET', `${at}/files/:path/raw`, (call) => {
    const { content, headers } = fileOf(call)
    return ok(content, headers)
  }),
  route('GET', `${at}/files/:path/blame`, (call) => {
    const { content, last } = fileOf(call)
    const start = Number(text(call, 'range[start]') ?? 1)
    const end = Number(text(call, 'range[end]') ?? Infinity)
    return ok([
      {
        commit: presentCommit(last),
        lines: content
          .replace(/\n$/, '')
          .split('\n')
          .slice(start - 1, end),
      },
    ])
  }),
  route('GET', `${at}/compare`, (call) => {
    const { repository } = projectOf(call)
    const from = commitOf(call, requiredText(call, 'from'))
    const to = commitOf(call, requiredText(call, 'to'))
    const base = (flag(call, 'straight') ?? false) ? from : (repository.mergeBase(from, to) ?? from)
    const log = repository.log(to)
    const end = log.findIndex(({ id }) => id === base.id)
    const commits = end === -1 ? log : log.slice(0, end)
    return ok({
      commit: presentCommit(to),
      commits: commits.map(presentCommit),
      diffs: repository.diff(base, to),
      compare_timeout: false,
      compare_same_ref: from === to,
      web_url: `https://gitlab.example/-/compare/${from.id}...${to.id}`,
    })
  }),
]

export function commitOf(call: Call, ref: string, project: Project = projectOf(call)): Commit {
  const commit = project.repository.resolve(ref)
  if (!commit) throw notFound('Commit')
  return commit
}

function branchOf(call: Call, project: Project): Branch {
  const branch = project.repository.branches.get(param(call, 'branch'))
  if (!branch) throw notFound('Branch')
  return branch
}

/** By name. With `pagination=keyset`, the next page begins after `page_token`, which is a name. */
function listRefs<T extends { readonly name: string }>(call: Call, all: readonly T[], present: (ref: T) => unknown): Answer {
  const search = text(call, 'search')
  const rows = all
    .filter(({ name }) => search === undefined || name.includes(search))
    .toSorted((one, other) => compare(one.name, other.name))
  if (text(call, 'pagination') !== 'keyset') return paginate(call, rows, present)
  const token = text(call, 'page_token')
  const rest = rows.filter(({ name }) => token === undefined || name > token)
  return paginateByKey(call, rest, present, ({ name }) => ({ page_token: name }))
}

function presentBranch(call: Call, project: Project, branch: Branch) {
  const canPush = (call.world.accessTo(project, call.user) ?? 0) >= (branch.protected ? ACCESS.maintainer : ACCESS.developer)
  const commit = project.repository.commits.get(branch.head)
  return {
    name: branch.name,
    merged: false,
    protected: branch.protected,
    default: branch.name === project.defaultBranch,
    developers_can_push: false,
    developers_can_merge: false,
    can_push: canPush,
    web_url: `https://gitlab.example/${project.path}/-/tree/${branch.name}`,
    commit: commit ? presentCommit(commit) : null,
  }
}

function createBranch(call: Call): Answer {
  const project = projectFor(call, 'developer')
  const name = requiredText(call, 'branch')
  const ref = requiredText(call, 'ref')
  const { branches } = project.repository
  if (branches.has(name)) throw new Refusal(400, { message: 'Branch already exists' })
  if (/[\s~^:?*[\\]|\.\.|\/$|^-/.test(name)) throw new Refusal(400, { message: 'Branch name is invalid' })
  const commit = project.repository.resolve(ref)
  if (!commit) throw new Refusal(400, { message: `Invalid reference name: ${ref}` })
  const branch = { name, head: commit.id, protected: false }
  branches.set(name, branch)
  return created(presentBranch(call, project, branch))
}

function listTree(call: Call): Answer {
  const { repository, defaultBranch } = projectOf(call)
  const commit = repository.resolve(text(call, 'ref') ?? defaultBranch)
  if (!commit) throw notFound('Tree')
  const folder = (text(call, 'path') ?? '').replaceAll(/^\/|\/$/g, '')
  const deep = flag(call, 'recursive') ?? false
  const rows = entriesOf(commit, folder, deep)
  if (folder !== '' && rows.length === 0) throw notFound('Tree')
  if (text(call, 'pagination') !== 'keyset') return paginate(call, rows, (row) => row, { uncounted: true })
  const token = text(call, 'page_token')
  const start = token === undefined ? 0 : rows.findIndex(({ id }) => id === token) + 1
  if (token !== undefined && start === 0) throw badRequest(`could not find starting OID: ${token}`)
  return paginateByKey(
    call,
    rows.slice(start),
    (row) => row,
    ({ id }) => ({ page_token: id }),
  )
}

/** Folders stand before the files beside them. */
function entriesOf({ files }: Commit, folder: string, deep: boolean) {
  const prefix = folder === '' ? '' : `${folder}/`
  const found = new Map<string, 'tree' | 'blob'>()
  for (const path of files.keys()) {
    if (!path.startsWith(prefix)) continue
    const steps = path.slice(prefix.length).split('/')
    const depth = deep ? steps.length : Math.min(1, steps.length)
    for (let count = 1; count <= depth; count += 1)
      found.set(prefix + steps.slice(0, count).join('/'), count < steps.length ? 'tree' : 'blob')
  }
  return [...found]
    .toSorted(([one, oneType], [other, otherType]) => compare(otherType, oneType) || compare(one, other))
    .map(([path, type]) => ({
      id: createHash('sha1')
        .update(`${path}\n${files.get(path) ?? ''}`)
        .digest('hex'),
      name: path.split('/').at(-1),
      type,
      path,
      mode: type === 'tree' ? '040000' : '100644',
    }))
}

function fileOf(call: Call) {
  const project = projectOf(call)
  const ref = text(call, 'ref') ?? 'HEAD'
  const commit = project.repository.resolve(ref === 'HEAD' ? project.defaultBranch : ref)
  if (!commit) throw notFound('Commit')
  const path = param(call, 'path')
  const content = commit.files.get(path)
  const last = project.repository.lastCommitOf(commit, path)
  if (content === undefined || !last) throw notFound('File')
  const headers = {
    'X-Gitlab-File-Path': path,
    'X-Gitlab-Ref': ref,
    'X-Gitlab-Size': String(Buffer.byteLength(content)),
    'X-Gitlab-Commit-Id': commit.id,
    'X-Gitlab-Last-Commit-Id': last.id,
  }
  return { content, commit, last, path, ref, headers }
}

function getFile(call: Call): Answer {
  if (text(call, 'ref') === undefined) throw badParameter('ref is missing, ref is empty')
  oneOf(call, 'lfs', ['true', 'false'])
  const { content, commit, last, path, ref, headers } = fileOf(call)
  const bytes = Buffer.from(content)
  return ok(
    {
      file_name: path.split('/').at(-1),
      file_path: path,
      size: bytes.length,
      encoding: 'base64',
      content_sha256: createHash('sha256').update(bytes).digest('hex'),
      ref,
      blob_id: createHash('sha1').update(bytes).digest('hex'),
      commit_id: commit.id,
      last_commit_id: last.id,
      execute_filemode: false,
      content: bytes.toString('base64'),
    },
    headers,
  )
}
