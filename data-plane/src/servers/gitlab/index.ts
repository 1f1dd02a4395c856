import { gitlab } from './declaration/server.ts'
import { getMergeRequest } from './merge-requests/get-merge-request.ts'
import { listMergeRequests } from './merge-requests/list-merge-requests.ts'
import { getProject } from './projects/get-project.ts'
import { listProjects } from './projects/list-projects.ts'
import { search } from './projects/search.ts'

export default gitlab.with(search, listProjects, getProject, listMergeRequests, getMergeRequest)
