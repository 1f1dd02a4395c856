import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { cutEnd } from '../../../server-kit/text/cut.ts'
import { fenced } from '../../../server-kit/text/fence.ts'
import { api, optional } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered } from '../input/reference.ts'
import { IssueArg, ProjectArg } from '../input/text-arg.ts'
import { absent } from '../shape/absent.ts'
import { issueHead, issueItemShape, issueLine, issueShape } from '../shape/issue.ts'
import { MergeRequestRow } from '../shape/merge-request.ts'
import { Person } from '../shape/person.ts'
import { Minute } from '../shape/time.ts'

const Issue = z.object({ ...issueShape, description: absent(z.string()) })
const Note = z.object({ author: absent(Person), created_at: Minute, body: z.string(), system: z.boolean().default(false) })

const brief = <Type extends z.ZodType>(type: Type) => inBrief(type).optional()

export const getIssue = gitlab.tool({
  name: 'get_issue',
  description: 'An issue with its text, its last comments (newest first) and the merge requests that name it.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    issue: IssueArg,
    comments: z.int().min(0).max(50).default(10),
    max_chars: z.int().min(500).max(60_000).default(12_000),
  }),
  output: inBrief(
    z.object({
      ...issueItemShape,
      description: brief(z.string()),
      comments: brief(z.array(z.object({ author: z.string().optional(), at: z.string(), text: z.string() }))),
      merge_requests: brief(z.array(z.string())),
      unavailable: brief(z.array(z.string())),
      truncated: brief(z.boolean()),
      left_chars: brief(z.number()),
      next: brief(z.string()),
    }),
    ['iid', 'title', 'state', 'description', 'comments'],
  ),
  async run({ project, issue, comments, max_chars }, context) {
    const gitlabApi = api(context)
    const at = numbered(context.settings, 'issue', issue, project)
    const here = path`/projects/${at.project}/issues/${at.iid}`
    const [found, notes, related] = await Promise.all([
      gitlabApi.get(here, Issue),
      comments === 0
        ? []
        : optional(gitlabApi.get(path`/projects/${at.project}/issues/${at.iid}/notes`, z.array(Note), { sort: 'desc', per_page: 100 })),
      optional(
        gitlabApi.get(path`/projects/${at.project}/issues/${at.iid}/related_merge_requests`, z.array(MergeRequestRow), { per_page: 100 }),
      ),
    ])
    const { description, ...head } = found
    const text = cutEnd(description ?? '', max_chars)
    const said = (notes ?? []).filter(({ system }) => !system).slice(0, comments)
    const parts = shareOut(said, max_chars - text.text.length)
    const leftChars = text.leftChars + parts.leftChars
    const unavailable = [...(notes ? [] : ['comments']), ...(related ? [] : ['merge_requests'])]
    return {
      ...issueHead(head),
      description: text.text || undefined,
      comments: parts.comments,
      merge_requests: related?.map(({ project = '', iid, title, state }) => `${project}!${iid} ${title} (${state})`),
      ...(unavailable.length > 0 && { unavailable }),
      ...(leftChars > 0 && {
        truncated: true,
        left_chars: leftChars,
        next: max_chars < 60_000 ? `max_chars: ${Math.min(60_000, max_chars + leftChars)}` : 'comments: 0',
      }),
    }
  },
  text: ({ description, comments, merge_requests, left_chars, next, ...head }) =>
    [
      issueLine(head),
      ...(description === undefined ? [] : [fenced('Description', description)]),
      ...comments.map(({ author = 'somebody', at, text }) => fenced(`${author}, ${at}`, text)),
      ...(merge_requests ?? []),
      ...(left_chars === undefined ? [] : [`${left_chars} characters were left out; more with ${next}`]),
    ].join('\n'),
})

/** As many comments, the newest first, as the characters are enough for. */
function shareOut(notes: readonly z.output<typeof Note>[], maxChars: number) {
  let restChars = maxChars
  let leftChars = 0
  const comments: { author: string | undefined; at: string; text: string }[] = []
  for (const { author, created_at, body } of notes) {
    const { text, leftChars: left } = cutEnd(body, Math.max(0, restChars))
    leftChars += left
    restChars -= text.length
    if (text !== '' || body === '') comments.push({ author, at: created_at, text })
  }
  return { comments, leftChars }
}
