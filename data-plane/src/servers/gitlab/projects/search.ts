import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { numberedPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { GroupArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { groupId, projectId } from '../input/reference.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { Found, foundLine, rowOf, SEARCH_SCOPES } from './found.ts'

export const search = gitlab.tool({
  name: 'search',
  description:
    'Searches one scope in all of GitLab, a group or a project. Code (blobs), commits, wiki_blobs and notes outside of a project need a GitLab with advanced search.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    scope: z.enum(SEARCH_SCOPES),
    query: textArg(500),
    project: ProjectArg.optional(),
    group: GroupArg.optional(),
    ref: textArg(500, 'Branch or tag, for blobs and commits of a project').optional(),
    ...listInput,
  }),
  output: listOutput(Found),
  async run(args, context) {
    const { scope, query, project, group, ref } = args
    const { settings } = context
    const asked = { tool: 'search', args }
    const where =
      project !== undefined
        ? path`/projects/${projectId(settings, project)}/search`
        : group !== undefined
          ? path`/groups/${groupId(settings, group)}/search`
          : path`/search`
    try {
      return listReply(
        await numberedPage({
          api: api(context),
          path: where,
          item: rowOf(scope),
          query: { scope, search: query, ref },
          asked,
          id: ({ key }) => key,
        }),
      )
    } catch (error) {
      throw project === undefined && needsAdvanced.has(scope) && isRefusal(error) ? advancedMissing(scope) : error
    }
  },
  text: (reply) => listText(reply, foundLine, { one: 'found', many: 'found' }),
})

const needsAdvanced = new Set<string>(['blobs', 'commits', 'wiki_blobs', 'notes'])

const isRefusal = (error: unknown) =>
  error instanceof ToolError && (error.code === 'invalid_input' || error.code === 'not_permitted_upstream')

const advancedMissing = (scope: string) =>
  new ToolError('invalid_input', `This GitLab searches ${scope} only inside a project: it has no advanced search.`, {
    hint: 'Give project, and search again.',
  })
