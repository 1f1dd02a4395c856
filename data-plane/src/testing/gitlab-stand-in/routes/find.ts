import { forbidden, notFound } from '../http/answer.ts'
import { numberParam, param } from '../http/call.ts'
import type { Call } from '../http/call.ts'
import { ACCESS } from '../world/people.ts'
import type { Access, User } from '../world/people.ts'
import type { Issue, MergeRequest, Pipeline, Project } from '../world/project.ts'

/** The project of `:id`, a number or a path. Hidden ones are not there. */
export function projectOf(call: Call): Project {
  const id = param(call, 'id')
  const project = call.world.projects.find((project) => (/^\d+$/.test(id) ? project.id === Number(id) : project.path === id))
  if (!project || call.world.accessTo(project, call.user) === undefined) throw notFound('Project')
  return project
}

/** The same, for those who may at least do so much. */
export function projectFor(call: Call, access: Access): Project {
  const project = projectOf(call)
  if ((call.world.accessTo(project, call.user) ?? 0) < ACCESS[access] || project.archived) throw forbidden()
  return project
}

export function mergeRequestOf(call: Call, project = projectOf(call)): MergeRequest {
  const iid = numberParam(call, 'iid')
  const found = project.mergeRequests.find((mergeRequest) => mergeRequest.iid === iid)
  if (!found) throw notFound('Merge Request')
  return found
}

export function issueOf(call: Call, project = projectOf(call)): Issue {
  const iid = numberParam(call, 'iid')
  const found = project.issues.find((issue) => issue.iid === iid)
  if (!found) throw notFound('Issue')
  return found
}

export function pipelineOf(call: Call, project = projectOf(call)): Pipeline {
  const id = numberParam(call, 'pipeline')
  const found = project.pipelines.find((pipeline) => pipeline.id === id)
  if (!found) throw notFound('Pipeline')
  return found
}

/** The people with these numbers; GitLab leaves out numbers that nobody has. */
export const usersOf = ({ world }: Call, ids: readonly string[]): User[] =>
  ids.flatMap((id) => world.users.find((user) => user.id === Number(id)) ?? [])
