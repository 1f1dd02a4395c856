import type { Noteable } from '../../../../testing/gitlab-stand-in/world/project.ts'
import type { World } from '../../../../testing/gitlab-stand-in/world/world.ts'
import { pick, web, without } from './walk.ts'
import type { Walk } from './walk.ts'

const search = (scope: string, walk: Pick<Walk, 'all' | 'add' | 'remove' | 'touch'>, args: object = {}): Walk => ({
  tool: 'search',
  args: { scope, query: 'seek', ...args },
  // Every thing is told by its reference, and a note by its text.
  key: ({ ref, excerpt }) => String(scope === 'notes' ? excerpt : ref),
  ...walk,
})

const sought = <T extends { readonly title: string }>(items: readonly T[]): T[] => items.filter(({ title }) => title.includes('seek'))

function touch(world: World, noteable: Noteable | undefined): void {
  if (!noteable) return
  noteable.updatedAt = new Date(world.now().getTime() + 3_600_000)
  noteable.state = noteable.state === 'opened' ? 'closed' : 'opened'
}

const issues: Parameters<typeof search>[1] = {
  all: (world) => sought(web(world).issues).map(({ iid }) => `shop/web#${iid}`),
  add: (world) => void world.addIssue(web(world), world.user('bob'), { title: 'We seek it' }),
  remove: (world, at) => (web(world).issues = without(web(world).issues, pick(sought(web(world).issues), at))),
  touch: (world, at) => touch(world, pick(sought(web(world).issues), at)),
}

const mergeRequests: Parameters<typeof search>[1] = {
  all: (world) => sought(web(world).mergeRequests).map(({ iid }) => `shop/web!${iid}`),
  add: (world) => void world.addMergeRequest(web(world), world.user('bob'), { title: 'We seek it' }),
  remove: (world, at) => (web(world).mergeRequests = without(web(world).mergeRequests, pick(sought(web(world).mergeRequests), at))),
  touch: (world, at) => touch(world, pick(sought(web(world).mergeRequests), at)),
}

const milestones: Parameters<typeof search>[1] = {
  all: (world) => web(world).milestones.map(({ title }) => title),
  add: (world) => void world.addMilestone(web(world), `seek ${world.nextId()}`),
  remove: (world, at) => (web(world).milestones = without(web(world).milestones, pick(web(world).milestones, at))),
  touch(world, at) {
    const milestone = pick(web(world).milestones, at)
    if (milestone) milestone.state = milestone.state === 'active' ? 'closed' : 'active'
  },
}

const others = (world: World) => world.projects.slice(1)

const projects: Parameters<typeof search>[1] = {
  all: (world) => others(world).map(({ path }) => path),
  add: (world) => void world.addProject(`shop/seek${world.nextId()}`),
  remove: (world, at) => (world.projects = without(world.projects, pick(others(world), at))),
  touch(world, at) {
    const project = pick(others(world), at)
    if (project) project.lastActivityAt = new Date(world.now().getTime() + 3_600_000)
  },
}

const found = (world: World) => world.users.filter(({ username }) => username.startsWith('seek'))

const users: Parameters<typeof search>[1] = {
  all: (world) => found(world).map(({ username }) => username),
  add: (world) => void world.addUser(`seek${world.nextId()}`),
  remove(world, at) {
    const user = pick(found(world), at)
    if (user) world.users.splice(world.users.indexOf(user), 1)
  },
  touch(world, at) {
    const user = pick(found(world), at)
    if (user) user.state = user.state === 'active' ? 'blocked' : 'active'
  },
}

const notes: Parameters<typeof search>[1] = {
  all: (world) => web(world).issues[0]?.discussions.flatMap(({ notes }) => notes.map(({ body }) => body)) ?? [],
  add(world) {
    const id = world.nextId()
    const note = { id, body: `seek ${id}`, author: world.user('bob'), createdAt: world.now(), system: false, resolvable: false }
    const about = { resolved: false, resolvedBy: undefined, position: undefined }
    web(world).issues[0]?.discussions.push({ id: String(id), individual: true, notes: [{ ...note, ...about }] })
  },
  remove: (world, at) => void web(world).issues[0]?.discussions.splice(at % Math.max(1, web(world).issues[0]?.discussions.length ?? 0), 1),
}

const files = (world: World) => [...(web(world).repository.resolve('main')?.files ?? [])].filter(([, text]) => text.includes('seek'))

const blobs: Parameters<typeof search>[1] = {
  all: (world) => files(world).map(([path]) => `${path}:1`),
  add: (world) => void world.commit(web(world), world.user('bob'), 'main', { [`f${world.nextId()}.txt`]: 'seek' }),
  remove(world, at) {
    const [path] = pick(files(world), at) ?? []
    if (path !== undefined) world.commit(web(world), world.user('bob'), 'main', { [path]: undefined })
  },
  touch(world, at) {
    const [path] = pick(files(world), at) ?? []
    if (path !== undefined) world.commit(web(world), world.user('bob'), 'main', { [path]: `seek ${world.nextId()}` })
  },
}

const commits: Parameters<typeof search>[1] = {
  all(world) {
    const { repository } = web(world)
    const head = repository.resolve('main')
    return head
      ? repository
          .log(head)
          .filter(({ message }) => message.includes('seek'))
          .map(({ id }) => id.slice(0, 8))
      : []
  },
  add: (world) => void world.commit(web(world), world.user('bob'), 'main', { 'a.txt': String(world.nextId()) }, 'We seek it'),
}

const inProject = { project: 'shop/web' }

/** Walks over what a search finds, in every scope. The stand-in has no wikis. */
export const walksOverFound: readonly Walk[] = [
  search('issues', issues),
  search('issues', issues, { group: 'shop' }),
  search('issues', issues, inProject),
  search('merge_requests', mergeRequests),
  search('merge_requests', mergeRequests, inProject),
  search('milestones', milestones),
  search('projects', projects),
  search('users', users),
  search('notes', notes, inProject),
  search('blobs', blobs, inProject),
  search('commits', commits, inProject),
]
