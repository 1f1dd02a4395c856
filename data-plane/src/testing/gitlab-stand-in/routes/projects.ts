import { notFound, ok } from '../http/answer.ts'
import { flag, oneOf, param, route, text } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate, paginateByKey } from '../http/paging.ts'
import { presentMilestone } from '../present/milestone.ts'
import { ACCESS, presentUser } from '../world/people.ts'
import type { Group } from '../world/people.ts'
import type { Project } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'
import { projectOf } from './find.ts'

const orders = ['id', 'name', 'path', 'created_at', 'updated_at', 'last_activity_at', 'similarity'] as const

export const projectRoutes: readonly Route[] = [
  route('GET', '/projects', listProjects),
  route('GET', '/projects/:id', (call) => ok(presentProject(call, projectOf(call)))),
  route('GET', '/projects/:id/languages', (call) => ok(projectOf(call).languages)),
  route('GET', '/projects/:id/members/all', (call) => {
    const project = projectOf(call)
    const members = call.world.users.filter((user) => (call.world.accessTo(project, user) ?? 0) > 0)
    return paginate(call, members, (user) => ({ ...presentUser(user), access_level: call.world.accessTo(project, user), expires_at: null }))
  }),
  route('GET', '/projects/:id/milestones', (call) => {
    const title = text(call, 'title')
    const project = projectOf(call)
    const found = project.milestones.filter((milestone) => title === undefined || milestone.title === title)
    return paginate(call, found, (milestone) => presentMilestone(milestone, project))
  }),
  route('GET', '/groups/:id', (call) => ok(presentGroup(groupOf(call)))),
  route('GET', '/groups/:id/projects', (call) => {
    const group = groupOf(call)
    const deep = flag(call, 'include_subgroups') ?? false
    const projects = visible(call).filter(({ path }) => (deep ? path.startsWith(`${group.path}/`) : parentOf(path) === group.path))
    return paginate(call, ordered(call, filtered(call, projects)), (project) => presentProject(call, project), { furthestOffset: true })
  }),
]

function groupOf(call: Call): Group {
  const id = param(call, 'id')
  const group = call.world.groups.find((group) => (/^\d+$/.test(id) ? group.id === Number(id) : group.path === id))
  if (!group) throw notFound('Group')
  return group
}

/** Also of groups below it. */
export const projectsOfGroup = (call: Call): Project[] => {
  const { path } = groupOf(call)
  return visible(call).filter((project) => project.path.startsWith(`${path}/`))
}

export const visible = ({ world, user }: Call): Project[] => world.projects.filter((project) => world.accessTo(project, user) !== undefined)

function listProjects(call: Call) {
  const mine = flag(call, 'membership') ?? false
  const projects = visible(call).filter((project) => !mine || (call.world.accessTo(project, call.user) ?? 0) > 0)
  const rows = ordered(call, filtered(call, projects))
  const show = (project: Project) => presentProject(call, project)
  if (text(call, 'pagination') !== 'keyset') return paginate(call, rows, show, { furthestOffset: true })
  const descending = (text(call, 'sort') ?? 'desc') === 'desc'
  return paginateByKey(call, rows, show, ({ id }) => ({ [descending ? 'id_before' : 'id_after']: String(id) }))
}

function filtered(call: Call, projects: readonly Project[]): Project[] {
  const search = text(call, 'search')?.toLowerCase()
  const archived = flag(call, 'archived')
  const after = text(call, 'id_after')
  const before = text(call, 'id_before')
  return projects.filter(
    (project) =>
      (search === undefined || `${project.path} ${project.description}`.toLowerCase().includes(search)) &&
      (archived === undefined || project.archived === archived) &&
      (after === undefined || project.id > Number(after)) &&
      (before === undefined || project.id < Number(before)),
  )
}

function ordered(call: Call, projects: readonly Project[]): Project[] {
  const by = oneOf(call, 'order_by', orders) ?? 'created_at'
  const sign = (oneOf(call, 'sort', ['asc', 'desc']) ?? 'desc') === 'asc' ? 1 : -1
  const key = (project: Project): number | string => {
    if (by === 'name' || by === 'path') return project[by]
    if (by === 'created_at') return project.createdAt.getTime()
    return by === 'id' || by === 'similarity' ? project.id : project.lastActivityAt.getTime()
  }
  return projects.toSorted((one, other) => sign * (compare(key(one), key(other)) || one.id - other.id))
}

export const compare = (one: number | string, other: number | string): number => (one < other ? -1 : one > other ? 1 : 0)

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

const presentGroup = (group: Group) => ({
  id: group.id,
  name: group.name,
  path: group.path.split('/').at(-1),
  full_path: group.path,
  description: '',
  visibility: 'private',
  web_url: `https://gitlab.example/groups/${group.path}`,
  runners_token: 'GR1348941-of-the-group-never-shown',
})

export function presentProject(call: Call, project: Project) {
  const access = call.world.accessTo(project, call.user) ?? 0
  const simple = {
    id: project.id,
    description: project.description,
    name: project.name,
    name_with_namespace: project.path.replaceAll('/', ' / '),
    path: project.path.split('/').at(-1),
    path_with_namespace: project.path,
    created_at: timestamp(project.createdAt),
    default_branch: project.defaultBranch,
    tag_list: project.topics,
    topics: project.topics,
    ssh_url_to_repo: `git@gitlab.example:${project.path}.git`,
    http_url_to_repo: `https://gitlab.example/${project.path}.git`,
    web_url: `https://gitlab.example/${project.path}`,
    readme_url: `https://gitlab.example/${project.path}/-/blob/${project.defaultBranch}/README.md`,
    avatar_url: null,
    forks_count: 0,
    star_count: 0,
    last_activity_at: timestamp(project.lastActivityAt),
    namespace: { id: 1, name: parentOf(project.path), path: parentOf(project.path), kind: 'group', full_path: parentOf(project.path) },
  }
  if (flag(call, 'simple') === true) return simple
  return {
    ...simple,
    visibility: project.visibility,
    archived: project.archived,
    open_issues_count: project.issues.filter(({ state }) => state === 'opened').length,
    issues_enabled: true,
    merge_requests_enabled: true,
    jobs_enabled: true,
    empty_repo: project.repository.commits.size === 0,
    _links: { self: `${call.base}/projects/${project.id}` },
    permissions: { project_access: access > 0 ? { access_level: access, notification_level: 3 } : null, group_access: null },
    ...(access >= ACCESS.maintainer && { runners_token: project.runnersToken, import_url: project.importUrl }),
  }
}
