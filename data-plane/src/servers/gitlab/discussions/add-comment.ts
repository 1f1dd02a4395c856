import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import type { GitLabContext } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { refuseCommands } from '../input/commands.ts'
import { numbered, projectId } from '../input/reference.ts'
import { IssueArg, MergeRequestArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { linePosition } from './line-position.ts'

const Note = z.object({ id: z.number() }).transform(({ id }) => ({ comment: id }))
const Thread = z
  .object({ id: z.string(), notes: z.array(z.object({ id: z.number() })) })
  .transform(({ id, notes }) => ({ thread: id, comment: notes.at(-1)?.id }))

interface Asked {
  project?: string | undefined
  merge_request?: string | undefined
  issue?: string | undefined
  commit?: string | undefined
  body?: string | undefined
  thread?: string | undefined
  resolve?: boolean | undefined
  path?: string | undefined
  line?: number | undefined
  side: 'new' | 'old'
}

interface Written {
  comment?: number | undefined
  thread?: string | undefined
  resolved?: boolean | undefined
}

export const addComment = gitlab.tool({
  name: 'add_comment',
  description:
    'Comments on a merge request, issue or commit; with path and line, on a line of the diff; with thread, as a reply. resolve closes or reopens a thread of a merge request.',
  level: 'write',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    merge_request: MergeRequestArg.optional(),
    issue: IssueArg.optional(),
    commit: textArg(255, 'sha').optional(),
    body: textArg(500_000, 'Markdown').optional(),
    thread: textArg(64, 'id of list_discussions').optional(),
    resolve: z.boolean().optional(),
    path: textArg(1_000).optional(),
    line: z.int().min(1).optional(),
    side: z.enum(['new', 'old']).default('new'),
  }),
  output: inBrief(z.object({ comment: z.number().optional(), thread: z.string().optional(), resolved: z.boolean().optional() })),
  async run(asked, context): Promise<Written> {
    checkCombination(asked)
    refuseCommands(context.level, asked.body)
    const gitlabApi = api(context)
    if (asked.commit !== undefined) return onCommit(gitlabApi, asked, asked.commit, context)
    return onThing(gitlabApi, asked, context)
  },
  text: ({ comment, thread, resolved }) =>
    [
      ...(comment === undefined ? [] : [`The comment ${comment} is written.`]),
      ...(thread === undefined ? [] : [`Thread: ${thread}.`]),
      ...(resolved === undefined ? [] : [resolved ? 'It is resolved.' : 'It is open again.']),
    ].join(' '),
})

function checkCombination({ merge_request, issue, commit, body, thread, resolve, path: file, line }: Asked): void {
  if ([merge_request, issue, commit].filter((target) => target !== undefined).length !== 1)
    throw wrong('give exactly one of merge_request, issue and commit')
  if (body === undefined && resolve === undefined) throw wrong('body is missing')
  if (resolve !== undefined && (thread === undefined || merge_request === undefined)) throw wrong('resolve needs merge_request and thread')
  if ((file === undefined) !== (line === undefined)) throw wrong('path and line belong together')
  if (line !== undefined && (thread !== undefined || issue !== undefined))
    throw wrong('path and line begin a thread on a merge request or a commit')
  if (commit !== undefined && thread !== undefined) throw wrong('thread is of a merge request or an issue')
}

const wrong = (fault: string) =>
  new ToolError('invalid_input', `These arguments do not fit together: ${fault}.`, { hint: 'Correct the arguments.' })

async function onCommit(api: HttpApi, { project, body, path: file, line, side }: Asked, commit: string, { settings }: GitLabContext) {
  if (project === undefined) throw wrong('commit needs project')
  const json = { note: body, path: file, line, line_type: file === undefined ? undefined : side }
  await api.send('POST', path`/projects/${projectId(settings, project)}/repository/commits/${commit}/comments`, z.unknown(), { json })
  return {}
}

async function onThing(api: HttpApi, asked: Asked, { settings }: GitLabContext) {
  const { project, merge_request, issue, body, thread, resolve, path: file, line, side } = asked
  const kind = merge_request === undefined ? 'issues' : 'merge_requests'
  const at =
    merge_request === undefined
      ? numbered(settings, 'issue', issue ?? '', project)
      : numbered(settings, 'merge_request', merge_request, project)
  const json = { body }
  if (thread !== undefined) {
    const comment =
      body === undefined
        ? {}
        : await api.send('POST', path`/projects/${at.project}/${kind}/${at.iid}/discussions/${thread}/notes`, Note, { json })
    if (resolve === undefined) return { ...comment, thread }
    await api.send('PUT', path`/projects/${at.project}/${kind}/${at.iid}/discussions/${thread}`, z.unknown(), {
      query: { resolved: resolve },
    })
    return { ...comment, thread, resolved: resolve }
  }
  if (file === undefined || line === undefined)
    return api.send('POST', path`/projects/${at.project}/${kind}/${at.iid}/notes`, Note, { json })
  const position = await linePosition(api, at, { path: file, line, side })
  return api.send('POST', path`/projects/${at.project}/${kind}/${at.iid}/discussions`, Thread, { json: { body, position } })
}
