import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { notTheToken } from '../api/not-the-token.ts'
import { gitlab } from '../declaration/server.ts'
import { refuseCommands } from '../input/commands.ts'
import { numbered } from '../input/reference.ts'
import type { Numbered } from '../input/reference.ts'
import { MergeRequestArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { LoginsArg, userIds } from '../people/user-ids.ts'
import { mergeRequestLine } from '../shape/merge-request.ts'
import { ChangedMergeRequest, changedOutput, titleOf } from './changed.ts'

export const updateMergeRequest = gitlab.tool({
  name: 'update_merge_request',
  description:
    'Changes a merge request: only what you name. approve: true needs the sha that was reviewed; false takes your approval back.',
  level: 'write',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    merge_request: MergeRequestArg,
    title: textArg(255).optional(),
    description: textArg(500_000).optional(),
    draft: z.boolean().optional(),
    add_labels: textArg(1_000).optional(),
    remove_labels: textArg(1_000).optional(),
    reviewers: LoginsArg('Logins; replaces all').optional(),
    assignees: LoginsArg('Logins; replaces all').optional(),
    target_branch: textArg(255).optional(),
    state: z.enum(['close', 'reopen']).optional(),
    approve: z.boolean().optional(),
    sha: textArg(64).optional(),
  }),
  output: changedOutput,
  async run({ project, merge_request, title, draft, reviewers, assignees, state, approve, sha, ...plain }, context) {
    refuseCommands(context.level, plain.description)
    const gitlabApi = api(context)
    const at = numbered(context.settings, 'merge_request', merge_request, project)
    if (approve === true && sha === undefined) throw shaMissing()
    const here = path`/projects/${at.project}/merge_requests/${at.iid}`
    const before = title ?? (draft === undefined ? undefined : (await gitlabApi.get(here, z.object({ title: z.string() }))).title)
    const json = Object.fromEntries(
      Object.entries({
        ...plain,
        title: before === undefined ? undefined : titleOf(before, draft),
        reviewer_ids: await userIds(gitlabApi, reviewers),
        assignee_ids: await userIds(gitlabApi, assignees),
        state_event: state,
      }).filter(([, value]) => value !== undefined),
    )
    // The approval comes last: a change may take approvals away.
    if (Object.keys(json).length > 0) await gitlabApi.send('PUT', here, z.unknown(), { json })
    if (approve !== undefined) await decide(gitlabApi, at, approve, sha)
    return gitlabApi.get(here, ChangedMergeRequest)
  },
  text: mergeRequestLine,
})

async function decide(api: HttpApi, { project, iid }: Numbered, approve: boolean, sha: string | undefined): Promise<void> {
  const work = approve
    ? api.send('POST', path`/projects/${project}/merge_requests/${iid}/approve`, z.unknown(), { json: { sha } })
    : api.send('POST', path`/projects/${project}/merge_requests/${iid}/unapprove`, z.unknown())
  await notTheToken(
    api,
    work,
    approve ? 'approve this merge request: you may lack the right, be its author, or have approved it' : 'take an approval back',
  )
}

const shaMissing = () =>
  new ToolError('invalid_input', 'The argument sha is missing: an approval is of the head that was reviewed.', {
    hint: 'Give sha as get_merge_request shows it.',
  })
