import { commitFiles } from './commits/commit-files.ts'
import { createBranch } from './commits/create-branch.ts'
import { deleteBranch } from './commits/delete-branch.ts'
import { gitlab } from './declaration/server.ts'
import { getDiff } from './diffs/get-diff.ts'
import { getMergeRequestDiff } from './diffs/get-merge-request-diff.ts'
import { addComment } from './discussions/add-comment.ts'
import { listDiscussions } from './discussions/list-discussions.ts'
import { getIssue } from './issues/get-issue.ts'
import { listIssues } from './issues/list-issues.ts'
import { saveIssue } from './issues/save-issue.ts'
import { createMergeRequest } from './merge-request-changes/create-merge-request.ts'
import { mergeMergeRequest } from './merge-request-changes/merge-merge-request.ts'
import { updateMergeRequest } from './merge-request-changes/update-merge-request.ts'
import { getMergeRequest } from './merge-requests/get-merge-request.ts'
import { listMergeRequests } from './merge-requests/list-merge-requests.ts'
import { fileResource } from './offers/file-resource.ts'
import { jobLogResource } from './offers/job-log-resource.ts'
import { mergeRequestResource } from './offers/merge-request-resource.ts'
import { explainFailedPipeline, reviewMergeRequest, summariseChanges } from './offers/prompts.ts'
import { getJobLog } from './pipelines/get-job-log.ts'
import { getPipeline } from './pipelines/get-pipeline.ts'
import { runPipeline } from './pipelines/run-pipeline.ts'
import { getProject } from './projects/get-project.ts'
import { listProjects } from './projects/list-projects.ts'
import { search } from './projects/search.ts'
import { getFile } from './repository/get-file.ts'
import { listCommits } from './repository/list-commits.ts'
import { listRefs } from './repository/list-refs.ts'
import { listTree } from './repository/list-tree.ts'

export default gitlab.with(
  search,
  listProjects,
  getProject,
  listRefs,
  listTree,
  getFile,
  listCommits,
  getDiff,
  listMergeRequests,
  getMergeRequest,
  getMergeRequestDiff,
  listDiscussions,
  listIssues,
  getIssue,
  getPipeline,
  getJobLog,
  createBranch,
  commitFiles,
  createMergeRequest,
  updateMergeRequest,
  addComment,
  saveIssue,
  runPipeline,
  mergeMergeRequest,
  deleteBranch,
  fileResource,
  mergeRequestResource,
  jobLogResource,
  reviewMergeRequest,
  explainFailedPipeline,
  summariseChanges,
)
