import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { World } from '../../testing/gitlab-stand-in/world/world.ts'
import { gitlabShop } from './testing.ts'

/** A list tool, and what somebody else does meanwhile. */
interface Walk {
  readonly tool: string
  readonly args: object
  key(item: Record<string, unknown>): string
  /** The keys of all that the tool should list. */
  all(world: World): string[]
  add(world: World): void
  remove(world: World, at: number): void
  /** Makes one of them the most recently active. */
  touch(world: World, at: number): void
}

const web = (world: World) => {
  const [project] = world.projects
  if (!project) throw new Error('the shop has a project')
  return project
}

const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)]

const issues = (args: object): Walk => ({
  tool: 'list_issues',
  args,
  key: ({ iid }) => String(iid),
  all: (world) => web(world).issues.map(({ iid }) => String(iid)),
  add: (world) => void world.addIssue(web(world), world.user('bob')),
  remove: (world, at) => (web(world).issues = web(world).issues.filter((issue) => issue !== pick(web(world).issues, at))),
  touch(world, at) {
    const issue = pick(web(world).issues, at)
    if (issue) issue.updatedAt = world.now()
  },
})

const mergeRequests = (args: object): Walk => ({
  tool: 'list_merge_requests',
  args,
  key: ({ iid }) => String(iid),
  all: (world) => web(world).mergeRequests.map(({ iid }) => String(iid)),
  add: (world) => void world.addMergeRequest(web(world), world.user('bob')),
  remove: (world, at) => (web(world).mergeRequests = web(world).mergeRequests.filter((one) => one !== pick(web(world).mergeRequests, at))),
  touch(world, at) {
    const mergeRequest = pick(web(world).mergeRequests, at)
    if (mergeRequest) mergeRequest.updatedAt = world.now()
  },
})

const projects = (args: object): Walk => ({
  tool: 'list_projects',
  args,
  key: (item) => String(item['path_with_namespace']),
  all: (world) => world.projects.map(({ path }) => path),
  add: (world) => void world.addProject(`shop/p${world.nextId()}`),
  remove: (world, at) =>
    (world.projects = world.projects.filter((project) => project === web(world) || project !== pick(world.projects, at))),
  touch(world, at) {
    const project = pick(world.projects, at)
    if (project) project.lastActivityAt = world.now()
  },
})

const found = (args: object): Walk => ({
  ...issues({}),
  tool: 'search',
  args: { query: 'an issue', scope: 'issues', ...args },
  key: ({ ref }) => String(ref),
  all: (world) => web(world).issues.flatMap(({ iid, title }) => (title === 'An issue' ? [`shop/web#${iid}`] : [])),
  add: (world) => void world.addIssue(web(world), world.user('bob'), { title: 'An issue' }),
})

const branches: Walk = {
  tool: 'list_refs',
  args: { project: 'shop/web' },
  key: ({ name }) => String(name),
  all: (world) => [...web(world).repository.branches.keys()],
  add(world) {
    const { branches } = web(world).repository
    const id = world.nextId()
    // Some come before all that were given, some after.
    const name = `${id % 2 === 0 ? 'a' : 'z'}${id}`
    branches.set(name, { name, head: branches.get('main')?.head ?? '', protected: false })
  },
  remove(world, at) {
    const { branches } = web(world).repository
    const name = pick([...branches.keys()], at)
    if (name !== undefined && name !== 'main') branches.delete(name)
  },
  touch: (world) => void world.commit(web(world), world.user('bob'), 'main', { 'touched.txt': String(world.nextId()) }),
}

const commits: Walk = {
  tool: 'list_commits',
  args: { project: 'shop/web' },
  key: ({ sha }) => String(sha),
  all(world) {
    const { repository } = web(world)
    const head = repository.resolve('main')
    return head ? repository.log(head).map(({ id }) => id) : []
  },
  add: (world) => void world.commit(web(world), world.user('bob'), 'main', { [`f${world.nextId()}`]: 'x' }),
  // A history only grows.
  remove: () => undefined,
  touch: () => undefined,
}

const threads: Walk = {
  tool: 'list_discussions',
  args: { project: 'shop/web', merge_request: '1' },
  key: ({ id }) => String(id),
  all: (world) => web(world).mergeRequests[0]?.discussions.map(({ id }) => id) ?? [],
  add(world) {
    const id = String(world.nextId()).padStart(40, '0')
    const note = { id: world.nextId(), body: 'x', author: world.user('bob'), createdAt: world.now(), system: false, resolvable: true }
    const about = { resolved: false, resolvedBy: undefined, position: undefined }
    web(world).mergeRequests[0]?.discussions.push({ id, individual: false, notes: [{ ...note, ...about }] })
  },
  remove: (world, at) => void web(world).mergeRequests[0]?.discussions.splice(at % Math.max(1, threads.all(world).length), 1),
  touch: () => undefined,
}

const files: Walk = {
  tool: 'list_tree',
  args: { project: 'shop/web', ref: 'main', recursive: true },
  key: ({ path }) => String(path),
  all: (world) => [...(web(world).repository.resolve('main')?.files.keys() ?? [])],
  add: (world) => void world.commit(web(world), world.user('bob'), 'main', { [`f${world.nextId()}.txt`]: 'x' }),
  remove(world, at) {
    const path = pick(files.all(world), at)
    if (path !== undefined) world.commit(web(world), world.user('bob'), 'main', { [path]: undefined })
  },
  touch: () => undefined,
}

const changedFiles: Walk = {
  tool: 'get_merge_request_diff',
  args: { project: 'shop/web', merge_request: '1', stat_only: true },
  key: ({ file }) => String(file),
  all(world) {
    const { repository } = web(world)
    const [from, to] = [repository.resolve('main'), repository.resolve('feature')]
    return from && to ? repository.diff(from, to).map(({ new_path }) => new_path) : []
  },
  add: (world) => void world.commit(web(world), world.user('bob'), 'feature', { [`g${world.nextId()}.txt`]: 'x' }),
  remove: () => undefined,
  touch: () => undefined,
}

const walks = [
  issues({ project: 'shop/web' }),
  issues({ group: 'shop' }),
  issues({ scope: 'all' }),
  mergeRequests({ project: 'shop/web' }),
  mergeRequests({ scope: 'all' }),
  projects({}),
  projects({ group: 'shop' }),
  mergeRequests({ group: 'shop' }),
  found({}),
  found({ project: 'shop/web' }),
  branches,
  commits,
  threads,
  files,
  changedFiles,
]

const changes = fc.array(fc.record({ kind: fc.constantFrom<'add' | 'remove' | 'touch'>('add', 'remove', 'touch'), at: fc.nat(1_000) }), {
  maxLength: 30,
})

test.for(walks.map((walk) => [`${walk.tool} ${JSON.stringify(walk.args)}`, walk] as const))(
  'walking all pages of %s gives each item once, while others are added, removed and touched',
  async ([, walk]) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), changes, fc.integer({ min: 1, max: 15 }), async (count, steps, limit) => {
        await using shop = await gitlabShop()
        for (let made = 0; made < count; made += 1) walk.add(shop.world)
        const before = new Set(walk.all(shop.world))
        const rest = [...steps]
        const given: string[] = []
        let cursor: string | undefined
        do {
          const { data } = await shop.call(walk.tool, { ...walk.args, limit, ...(cursor !== undefined && { cursor }) })
          given.push(...data['items'].map((item: Record<string, unknown>) => walk.key(item)))
          cursor = data['next_cursor'] ?? undefined
          expect(data['truncated']).toBe(cursor !== undefined)
          const step = rest.shift()
          if (step) walk[step.kind](shop.world, step.at)
        } while (cursor !== undefined)
        expect(given.length).toBe(new Set(given).size)
        expect(walk.all(shop.world).filter((key) => before.has(key) && !given.includes(key))).toEqual([])
      }),
      { numRuns: 15 },
    )
  },
)
