import type { World } from '../../../../testing/gitlab-stand-in/world/world.ts'
import { pick, web } from './walk.ts'
import type { Walk } from './walk.ts'

const commit = (world: World, branch: string, files: Record<string, string | undefined>): void =>
  void world.commit(web(world), world.user('bob'), branch, files)

/** Some come before all that were given, some after. */
const newName = (world: World): string => {
  const id = world.nextId()
  return `${id % 2 === 0 ? 'a' : 'z'}${id}`
}

const branches: Walk = {
  tool: 'list_refs',
  args: { project: 'shop/web' },
  key: ({ name }) => String(name),
  all: (world) => [...web(world).repository.branches.keys()],
  add(world) {
    const { branches } = web(world).repository
    const name = newName(world)
    branches.set(name, { name, head: branches.get('main')?.head ?? '', protected: false })
  },
  remove(world, at) {
    const { branches } = web(world).repository
    const name = pick([...branches.keys()], at)
    if (name !== 'main' && name !== undefined) branches.delete(name)
  },
  touch: (world, at) => commit(world, pick(branches.all(world), at) ?? 'main', { 'touched.txt': String(world.nextId()) }),
}

const tags: Walk = {
  tool: 'list_refs',
  args: { project: 'shop/web', kind: 'tags' },
  key: ({ name }) => String(name),
  all: (world) => [...web(world).repository.tags.keys()],
  add: (world) => void web(world).repository.tags.set(newName(world), web(world).repository.branches.get('main')?.head ?? ''),
  remove: (world, at) => void web(world).repository.tags.delete(pick(tags.all(world), at) ?? ''),
}

const logOf = (world: World, path?: string): string[] => {
  const { repository } = web(world)
  const head = repository.resolve('main')
  return head ? repository.log(head, path).map(({ id }) => id) : []
}

const commits = (args: { path?: string }): Walk => ({
  tool: 'list_commits',
  args: { project: 'shop/web', ...args },
  isPinned: true,
  key: ({ sha }) => String(sha),
  all: (world) => logOf(world, args.path),
  add: (world) => commit(world, 'main', { [`lib/f${world.nextId()}`]: 'x' }),
  touch: (world) => commit(world, 'main', { 'README.md': String(world.nextId()) }),
})

const filesOf = (world: World) => [...(web(world).repository.resolve('main')?.files.keys() ?? [])]

const files = (args: { path?: string; ref?: string; recursive: boolean }): Walk => ({
  tool: 'list_tree',
  args: { project: 'shop/web', ...args },
  isPinned: true,
  key: ({ path }) => String(path),
  all(world) {
    const paths = filesOf(world).flatMap((file) => file.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/')))
    return [...new Set(paths)].filter((path) =>
      args.path === undefined ? args.recursive || !path.includes('/') : path.startsWith(`${args.path}/`),
    )
  },
  add: (world) => commit(world, 'main', { [`src/${newName(world)}.txt`]: String(world.nextId()), [`${newName(world)}.txt`]: 'x' }),
  remove(world, at) {
    const path = pick(filesOf(world), at)
    if (path !== undefined && path !== 'src/cart.ts') commit(world, 'main', { [path]: undefined })
  },
})

const changedInCommit: Walk = {
  tool: 'get_diff',
  args: { project: 'shop/web', commit: 'main' },
  isPinned: true,
  key: ({ file }) => String(file),
  all(world) {
    const { repository } = web(world)
    const head = repository.resolve('main')
    return head ? repository.diff(repository.parentOf(head), head).map(({ new_path }) => new_path) : []
  },
  add: (world) => commit(world, 'main', Object.fromEntries(Array.from({ length: 9 }, () => [newName(world), 'x']))),
}

const changedInMergeRequest: Walk = {
  tool: 'get_merge_request_diff',
  args: { project: 'shop/web', merge_request: '1' },
  key: ({ file }) => String(file),
  all(world) {
    const { repository } = web(world)
    const [from, to] = [repository.resolve('main'), repository.resolve('feature')]
    return from && to ? repository.diff(from, to).map(({ new_path }) => new_path) : []
  },
  add: (world) => commit(world, 'feature', { [newName(world)]: String(world.nextId()) }),
  remove(world, at) {
    const path = pick(changedInMergeRequest.all(world), at)
    if (path !== undefined && path !== 'src/cart.ts') commit(world, 'feature', { [path]: undefined })
  },
  touch(world, at) {
    const path = pick(changedInMergeRequest.all(world), at)
    if (path !== undefined) commit(world, 'feature', { [path]: String(world.nextId()) })
  },
}

const compared: Walk = {
  ...changedInMergeRequest,
  tool: 'get_diff',
  args: { project: 'shop/web', from: 'main', to: 'feature' },
  isPinned: true,
}

const withText = { stat_only: false, max_chars: 500 }

/** Walks over what is in a repository. */
export const walksOverRepositories: readonly Walk[] = [
  branches,
  { ...branches, args: { project: 'shop/web', query: 'a' }, all: (world) => branches.all(world).filter((name) => name.includes('a')) },
  tags,
  commits({}),
  commits({ path: 'lib' }),
  files({ recursive: true }),
  files({ recursive: false, ref: 'main' }),
  files({ recursive: true, path: 'src' }),
  changedInCommit,
  changedInMergeRequest,
  { ...changedInMergeRequest, args: { ...changedInMergeRequest.args, ...withText } },
  compared,
  { ...compared, args: { ...compared.args, ...withText } },
]
