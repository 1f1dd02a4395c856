import { badParameter, forbidden, notFound } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { requiredText, route } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { presentUser } from '../world/people.ts'
import type { Noteable, Project } from '../world/project.ts'
import { projectOf } from './find.ts'
import { presentCommit } from '../present/commit.ts'
import { presentMilestone } from '../present/milestone.ts'
import { presentNote } from '../present/note.ts'
import { presentIssue, presentMergeRequest } from '../present/noteable.ts'
import { presentProject, projectsOfGroup, visible } from './projects.ts'

export const searchRoutes: readonly Route[] = [
  route('GET', '/search', (call) => search(call, visible(call), false)),
  route('GET', '/groups/:id/search', (call) => search(call, projectsOfGroup(call), false)),
  route('GET', '/projects/:id/search', (call) => search(call, [projectOf(call)], true)),
]

/** Words in text, the newest first. Code is found in a project alone: elsewhere GitLab wants its advanced search. */
function search(call: Call, projects: readonly Project[], inProject: boolean): Answer {
  const words = requiredText(call, 'search').toLowerCase()
  const has = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(words))
  const scope = requiredText(call, 'scope')
  if (inProject && scope === 'projects') throw badParameter('scope does not have a valid value')
  if (!inProject && (scope === 'commits' || scope === 'blobs' || scope === 'wiki_blobs')) throw forbidden()
  const answer = (found: readonly object[]) => paginate(call, found, (row) => row)
  switch (scope) {
    case 'projects':
      return answer(
        newest(projects.filter(({ path, description }) => has(path, description))).map((project) => presentProject(call, project)),
      )
    case 'issues':
      return answer(
        newest(
          ofText(
            projects.flatMap(({ issues }) => issues),
            has,
          ),
        ).map(presentIssue),
      )
    case 'merge_requests':
      return answer(
        newest(
          ofText(
            projects.flatMap(({ mergeRequests }) => mergeRequests),
            has,
          ),
        ).map(presentMergeRequest),
      )
    case 'users':
      return answer(newest(call.world.users.filter(({ username, name }) => has(username, name))).map(presentUser))
    case 'milestones':
      return answer(newest(projects.flatMap((project) => milestonesIn(project, has))))
    case 'commits':
      return answer(projects.flatMap((project) => commitsIn(project, has)))
    case 'notes':
      return answer(newest(projects.flatMap((project) => notesIn(project, has))))
    case 'blobs':
      return answer(projects.flatMap((project) => blobsIn(project, has)))
    case 'wiki_blobs':
      return answer([])
    default:
      throw notFound('Scope')
  }
}

type Has = (...texts: string[]) => boolean

const newest = <T extends { readonly id: number }>(found: readonly T[]): T[] => found.toSorted((one, other) => other.id - one.id)

const ofText = <T extends Noteable>(all: readonly T[], has: Has): T[] => all.filter(({ title, description }) => has(title, description))

const milestonesIn = (project: Project, has: Has) =>
  project.milestones.filter(({ title }) => has(title)).map((milestone) => presentMilestone(milestone, project))

function commitsIn({ id, repository, defaultBranch }: Project, has: Has) {
  const head = repository.resolve(defaultBranch)
  const log = head ? repository.log(head) : []
  return log.filter(({ message }) => has(message)).map((commit) => ({ ...presentCommit(commit), project_id: id, status: null }))
}

function notesIn({ id, issues, mergeRequests }: Project, has: Has) {
  const noteables = [...issues.map((of) => ({ of, type: 'Issue' })), ...mergeRequests.map((of) => ({ of, type: 'MergeRequest' }))]
  return noteables.flatMap(({ of, type }) =>
    of.discussions
      .flatMap(({ notes }) => notes)
      .filter(({ body }) => has(body))
      .map((note) => ({ ...presentNote(note, type), noteable_id: of.id, noteable_iid: of.iid, project_id: id })),
  )
}

function blobsIn({ id, repository, defaultBranch }: Project, has: Has) {
  const files = repository.resolve(defaultBranch)?.files ?? new Map<string, string>()
  return [...files].flatMap(([path, content]) => {
    const lines = content.split('\n')
    const index = lines.findIndex((line) => has(line))
    if (index === -1) return []
    return {
      basename: path,
      data: lines.slice(index, index + 3).join('\n'),
      path,
      filename: path,
      id: null,
      ref: defaultBranch,
      startline: index + 1,
      project_id: id,
    }
  })
}
