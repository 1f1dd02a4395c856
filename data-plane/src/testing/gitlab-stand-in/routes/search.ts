import { badParameter, forbidden, notFound } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { requiredText, route } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { presentUser } from '../world/people.ts'
import type { Project } from '../world/project.ts'
import { projectOf } from './find.ts'
import { presentCommit } from '../present/commit.ts'
import { presentIssue, presentMergeRequest } from '../present/noteable.ts'
import { presentProject, projectsOfGroup, visible } from './projects.ts'

export const searchRoutes: readonly Route[] = [
  route('GET', '/search', (call) => search(call, visible(call), false)),
  route('GET', '/groups/:id/search', (call) => search(call, projectsOfGroup(call), false)),
  route('GET', '/projects/:id/search', (call) => search(call, [projectOf(call)], true)),
]

/** Words in text. Code is found in a project alone: elsewhere GitLab wants its advanced search. */
function search(call: Call, projects: readonly Project[], inProject: boolean): Answer {
  const words = requiredText(call, 'search').toLowerCase()
  const has = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(words))
  switch (requiredText(call, 'scope')) {
    case 'projects':
      if (inProject) throw badParameter('scope does not have a valid value')
      return paginate(
        call,
        projects.filter(({ path, description }) => has(path, description)),
        (project) => presentProject(call, project),
      )
    case 'issues':
      return paginate(
        call,
        projects.flatMap(({ issues }) => issues).filter(({ title, description }) => has(title, description)),
        presentIssue,
      )
    case 'merge_requests':
      return paginate(
        call,
        projects.flatMap(({ mergeRequests }) => mergeRequests).filter(({ title, description }) => has(title, description)),
        presentMergeRequest,
      )
    case 'users':
      return paginate(
        call,
        call.world.users.filter(({ username, name }) => has(username, name)),
        presentUser,
      )
    case 'milestones':
      return paginate(
        call,
        projects.flatMap(({ milestones }) => milestones).filter(({ title }) => has(title)),
        (milestone) => milestone,
      )
    case 'commits': {
      if (!inProject) throw forbidden()
      const commits = projects.flatMap(({ repository }) => [...repository.commits.values()])
      return paginate(
        call,
        commits.filter(({ message }) => has(message)),
        presentCommit,
      )
    }
    case 'notes': {
      const noteables = projects.flatMap(({ issues, mergeRequests }) => [...issues, ...mergeRequests])
      const notes = noteables.flatMap(({ iid, discussions }) => discussions.flatMap(({ notes }) => notes.map((note) => ({ iid, note }))))
      return paginate(
        call,
        notes.filter(({ note }) => has(note.body)),
        ({ iid, note }) => ({
          id: note.id,
          body: note.body,
          author: presentUser(note.author),
          created_at: note.createdAt.toISOString(),
          noteable_type: 'Issue',
          noteable_iid: iid,
        }),
      )
    }
    case 'blobs':
    case 'wiki_blobs': {
      if (!inProject) throw forbidden()
      const found = projects.flatMap((project) => blobsIn(project, has))
      return paginate(call, found, (blob) => blob)
    }
    default:
      throw notFound('Scope')
  }
}

function blobsIn({ id, repository, defaultBranch }: Project, has: (text: string) => boolean) {
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
