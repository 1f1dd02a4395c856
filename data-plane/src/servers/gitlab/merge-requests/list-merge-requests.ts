import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { windowPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { GroupArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { groupId, projectId } from '../input/reference.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { MergeRequestItem, mergeRequestLine, MergeRequestRow } from '../shape/merge-request.ts'

export const listMergeRequests = gitlab.tool({
  name: 'list_merge_requests',
  description: 'Merge requests of a project or a group; without either, those you made, or as scope says.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    group: GroupArg.optional(),
    scope: z.enum(['created_by_me', 'assigned_to_me', 'all']).optional(),
    state: z.enum(['opened', 'merged', 'closed', 'all']).default('opened'),
    author: textArg(255, 'Login').optional(),
    reviewer: textArg(255, 'Login').optional(),
    labels: textArg(500, 'All of these, with commas').optional(),
    target_branch: textArg(500).optional(),
    updated_after: textArg(40, 'ISO 8601').optional(),
    ...listInput,
  }),
  output: listOutput(MergeRequestItem),
  async run(args, context) {
    const { project, group, scope, state, author, reviewer, labels, target_branch, updated_after } = args
    const { settings } = context
    const where =
      project !== undefined
        ? path`/projects/${projectId(settings, project)}/merge_requests`
        : group !== undefined
          ? path`/groups/${groupId(settings, group)}/merge_requests`
          : path`/merge_requests`
    const query = {
      scope:
        scope ?? (project !== undefined || group !== undefined || author !== undefined || reviewer !== undefined ? 'all' : 'created_by_me'),
      state,
      author_username: author,
      reviewer_username: reviewer,
      labels,
      target_branch,
      updated_after,
    }
    const item = MergeRequestRow
    const asked = { tool: 'list_merge_requests', args }
    return listReply(
      await windowPage({
        api: api(context),
        path: where,
        item,
        query,
        asked,
        id: ({ id }) => id,
        createdAt: ({ created_at }) => created_at,
      }),
    )
  },
  text: (reply) => listText(reply, mergeRequestLine, { one: 'merge request' }),
})
