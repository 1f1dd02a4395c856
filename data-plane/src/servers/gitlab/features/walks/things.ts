import type { Noteable } from '../../../../testing/gitlab-stand-in/world/project.ts'
import type { World } from '../../../../testing/gitlab-stand-in/world/world.ts'
import { pick, web, without } from './walk.ts'
import type { Walk } from './walk.ts'

function touch(world: World, noteable: Noteable | undefined): void {
  if (!noteable) return
  noteable.updatedAt = world.now()
  noteable.state = noteable.state === 'opened' ? 'closed' : 'opened'
}

const keysOf = (items: readonly Noteable[]) => items.map(({ iid }) => String(iid))

const issues = (args: object): Walk => ({
  tool: 'list_issues',
  args,
  key: ({ iid }) => String(iid),
  all: (world) => keysOf(web(world).issues),
  add: (world) => void world.addIssue(web(world), world.user('bob')),
  remove: (world, at) => (web(world).issues = without(web(world).issues, pick(web(world).issues, at))),
  touch: (world, at) => touch(world, pick(web(world).issues, at)),
})

const mergeRequests = (args: object): Walk => ({
  tool: 'list_merge_requests',
  args,
  key: ({ iid }) => String(iid),
  all: (world) => keysOf(web(world).mergeRequests),
  add: (world) => void world.addMergeRequest(web(world), world.user('bob')),
  remove: (world, at) => (web(world).mergeRequests = without(web(world).mergeRequests, pick(web(world).mergeRequests, at))),
  touch: (world, at) => touch(world, pick(web(world).mergeRequests, at)),
})

const projects = (args: object): Walk => ({
  tool: 'list_projects',
  args,
  key: (item) => String(item['path_with_namespace']),
  all: (world) => world.projects.map(({ path }) => path),
  add: (world) => void world.addProject(`shop/p${world.nextId()}`, {}, { description: 'A shop' }),
  remove: (world, at) => (world.projects = [web(world), ...without(world.projects.slice(1), pick(world.projects.slice(1), at))]),
  touch(world, at) {
    const project = pick(world.projects, at)
    if (project) project.lastActivityAt = world.now()
  },
})

const threads = (args: object, of: (world: World) => Noteable | undefined): Walk => ({
  tool: 'list_discussions',
  args: { project: 'shop/web', ...args },
  key: ({ id }) => String(id),
  all: (world) => of(world)?.discussions.map(({ id }) => id) ?? [],
  add(world) {
    const id = String(world.nextId()).padStart(40, '0')
    const note = { id: world.nextId(), body: 'x', author: world.user('bob'), createdAt: world.now(), system: false, resolvable: true }
    of(world)?.discussions.push({
      id,
      individual: false,
      notes: [{ ...note, resolved: false, resolvedBy: undefined, position: undefined }],
    })
  },
  remove: (world, at) => void of(world)?.discussions.splice(at % Math.max(1, of(world)?.discussions.length ?? 0), 1),
  touch(world, at) {
    for (const note of pick(of(world)?.discussions ?? [], at)?.notes ?? []) note.resolved = !note.resolved
  },
})

const untitled = (world: World) => web(world).issues.filter(({ title }) => title === 'Untitled')

/** Walks over projects, and over what is in them. */
export const walksOverThings: readonly Walk[] = [
  issues({ project: 'shop/web', state: 'all' }),
  issues({ group: 'shop', state: 'all' }),
  issues({ scope: 'all', state: 'all' }),
  { ...issues({ scope: 'all', state: 'all', search: 'untitled' }), all: (world) => keysOf(untitled(world)) },
  mergeRequests({ project: 'shop/web', state: 'all' }),
  mergeRequests({ group: 'shop', state: 'all' }),
  mergeRequests({ scope: 'all', state: 'all' }),
  projects({}),
  projects({ query: 'shop' }),
  projects({ group: 'shop' }),
  threads({ merge_request: '1' }, (world) => web(world).mergeRequests[0]),
  threads({ issue: '1' }, (world) => web(world).issues[0]),
]
