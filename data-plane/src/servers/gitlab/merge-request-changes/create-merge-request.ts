import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { refuseCommands } from '../input/commands.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { LoginsArg, userIds } from '../people/user-ids.ts'
import { mergeRequestLine } from '../shape/merge-request.ts'
import { ChangedMergeRequest, changedOutput, titleOf } from './changed.ts'

export const createMergeRequest = gitlab.tool({
  name: 'create_merge_request',
  description: 'Opens a merge request in a project.',
  level: 'write',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    source_branch: textArg(255),
    target_branch: textArg(255),
    title: textArg(255),
    description: textArg(500_000, 'Markdown').optional(),
    draft: z.boolean().optional(),
    reviewers: LoginsArg('Logins').optional(),
    assignees: LoginsArg('Logins').optional(),
    labels: textArg(1_000, 'With commas').optional(),
    remove_source_branch: z.boolean().optional(),
    squash: z.boolean().optional(),
  }),
  output: changedOutput,
  async run({ project, title, draft, reviewers, assignees, ...plain }, context) {
    refuseCommands(context.level, plain.description)
    const gitlabApi = api(context)
    const json = {
      ...plain,
      title: titleOf(title, draft),
      reviewer_ids: await userIds(gitlabApi, reviewers),
      assignee_ids: await userIds(gitlabApi, assignees),
    }
    return gitlabApi.send('POST', path`/projects/${projectId(context.settings, project)}/merge_requests`, ChangedMergeRequest, { json })
  },
  text: mergeRequestLine,
})
