import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { notTheToken } from '../api/not-the-token.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered } from '../input/reference.ts'
import { MergeRequestArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { absent } from '../shape/absent.ts'
import { mergeRequestLine } from '../shape/merge-request.ts'
import { ChangedMergeRequest, changedOutput } from './changed.ts'

const Present = z.object({
  state: z.string(),
  sha: absent(z.string()),
  detailed_merge_status: absent(z.string()),
  user: absent(z.object({ can_merge: absent(z.boolean()) })),
})

export const mergeMergeRequest = gitlab.tool({
  name: 'merge_merge_request',
  description: 'Merges a merge request, only if its head is still sha. auto_merge: once its pipeline succeeds.',
  level: 'destroy',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    merge_request: MergeRequestArg,
    sha: textArg(64, 'Head that was reviewed'),
    auto_merge: z.boolean().default(false),
    squash: z.boolean().optional(),
    remove_source_branch: z.boolean().optional(),
  }),
  output: changedOutput,
  async run({ project, merge_request, sha, auto_merge, squash, remove_source_branch }, context) {
    const gitlabApi = api(context)
    const at = numbered(context.settings, 'merge_request', merge_request, project)
    const here = path`/projects/${at.project}/merge_requests/${at.iid}`
    const present = await gitlabApi.get(here, Present)
    if (present.state !== 'opened') throw conflict(`The merge request is ${present.state} already.`)
    if (present.sha !== undefined && present.sha !== sha) throw conflict(`Its head is ${present.sha} now.`)
    if (present.user?.can_merge === false) throw forbidden()
    // `auto_merge` is the name since 17.11; GitLab passes over the name that it does not know.
    const later = auto_merge ? { auto_merge: true, merge_when_pipeline_succeeds: true } : {}
    const json = { sha, squash, should_remove_source_branch: remove_source_branch, ...later }
    const work = gitlabApi.send('PUT', path`/projects/${at.project}/merge_requests/${at.iid}/merge`, ChangedMergeRequest, { json })
    return notTheToken(gitlabApi, withStatus(work, present.detailed_merge_status), 'merge this merge request')
  },
  text: mergeRequestLine,
})

/** GitLab answers 405 without saying why; the status of before says it. */
async function withStatus<T>(work: Promise<T>, status: string | undefined): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'conflict' || status === undefined) throw error
    throw conflict(`GitLab does not merge it now (${status}).`)
  }
}

const conflict = (says: string) =>
  new ToolError('conflict', says, { hint: 'Read it with get_merge_request, review what is new, then decide again.' })

const forbidden = () =>
  new ToolError('not_permitted_upstream', 'GitLab does not permit you to merge this merge request.', { hint: 'Ask somebody who may.' })
