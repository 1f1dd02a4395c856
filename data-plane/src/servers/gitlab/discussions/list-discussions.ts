import { counted } from '../../../server-kit/text/counted.ts'
import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { fenced } from '../../../server-kit/text/fence.ts'
import { api } from '../api/gitlab-api.ts'
import { numberedPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered } from '../input/reference.ts'
import { IssueArg, MergeRequestArg, ProjectArg } from '../input/text-arg.ts'
import { absent, flag } from '../shape/absent.ts'
import { fitLines, maxCharsArg } from '../shape/fit-lines.ts'
import { listInput, listReply } from '../shape/list-reply.ts'
import { Person } from '../shape/person.ts'
import { oneLine } from '../shape/text.ts'
import { Minute } from '../shape/time.ts'

const Note = z.object({
  author: absent(Person),
  created_at: Minute,
  body: z.string(),
  system: z.boolean().default(false),
  resolvable: flag,
  resolved: flag,
  position: absent(z.object({ new_path: absent(z.string()), new_line: absent(z.number()), old_line: absent(z.number()) })),
})
const Discussion = z.object({ id: z.string(), notes: z.array(Note) })

const Thread = z.object({
  id: z.string(),
  resolved: z.boolean().optional(),
  at: z.string().optional(),
  notes: z.array(z.object({ author: z.string().optional(), at: z.string(), text: z.string() })),
})

export const listDiscussions = gitlab.tool({
  name: 'list_discussions',
  description: 'Threads of a merge request or an issue, the oldest first, with their comments; only_unresolved: those that are open.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    merge_request: MergeRequestArg.optional(),
    issue: IssueArg.optional(),
    only_unresolved: z.boolean().default(false),
    ...listInput,
    max_chars: maxCharsArg,
  }),
  output: inBrief(
    z.object({
      items: inBrief(z.array(Thread)),
      count: z.number(),
      next_cursor: z.string().nullable(),
      total: z.number().optional(),
      truncated: z.boolean(),
      left_chars: z.number().optional(),
    }),
    ['items', 'next_cursor'],
  ),
  async run(args, context) {
    const { items, nextCursor, total } = await numberedPage({
      api: api(context),
      path: placeOf(args, context.settings),
      item: Discussion,
      asked: { tool: 'list_discussions', args },
      id: ({ id }) => id,
    })
    const threads = items.filter(({ notes }) => notes.some(({ system }) => !system))
    const wanted = args.only_unresolved ? threads.filter(({ notes }) => notes.some(isOpen)) : threads
    const { shown, leftChars } = shorten(wanted, args.max_chars)
    const reply = listReply({ items: shown, nextCursor, ...(!args.only_unresolved && { total }) })
    return { ...reply, truncated: reply.truncated || leftChars > 0, ...(leftChars > 0 && { left_chars: leftChars }) }
  },
  text: ({ items, next_cursor, left_chars }) =>
    [
      ...items.flatMap(({ id, resolved, at, notes }) => [
        `Thread ${id}${at === undefined ? '' : ` at ${at}`}${resolved === undefined ? '' : resolved ? ' (resolved)' : ' (open)'}`,
        ...notes.map(({ author = 'somebody', at: time, text }) => fenced(`${author}, ${time}`, text)),
      ]),
      next_cursor === null ? `${counted(items.length, 'thread')}.` : `${counted(items.length, 'thread')}; more with cursor ${next_cursor}`,
      ...(left_chars === undefined ? [] : [`${left_chars} characters were left out: raise max_chars, or lower limit.`]),
    ].join('\n'),
})

const isOpen = ({ resolvable, resolved }: z.output<typeof Note>) => resolvable === true && resolved !== true

type Args = { project?: string | undefined; merge_request?: string | undefined; issue?: string | undefined }

function placeOf({ project, merge_request, issue }: Args, settings: Parameters<typeof numbered>[0]) {
  if (merge_request !== undefined && issue === undefined) {
    const at = numbered(settings, 'merge_request', merge_request, project)
    return path`/projects/${at.project}/merge_requests/${at.iid}/discussions`
  }
  if (issue !== undefined && merge_request === undefined) {
    const at = numbered(settings, 'issue', issue, project)
    return path`/projects/${at.project}/issues/${at.iid}/discussions`
  }
  throw new ToolError('invalid_input', 'Give merge_request or issue, and not both.', { hint: 'A number with project, or an address.' })
}

/** The threads with as much of their comments as there is room for. */
function shorten(threads: readonly z.output<typeof Discussion>[], maxChars: number) {
  let restChars = maxChars
  let leftChars = 0
  const shown = threads.map(({ id, notes }): z.input<typeof Thread> => {
    const said = notes.filter(({ system }) => !system)
    const position = said[0]?.position
    const resolvable = said.some((note) => note.resolvable)
    return {
      id,
      ...(resolvable && { resolved: !said.some(isOpen) }),
      ...(position?.new_path !== undefined && { at: `${oneLine(position.new_path)}:${position.new_line ?? position.old_line ?? ''}` }),
      notes: said.map(({ author, created_at, body }) => {
        const fitted = fitLines(body, Math.max(0, restChars))
        restChars -= fitted.text.length
        leftChars += fitted.leftChars
        return { author, at: created_at, text: fitted.text }
      }),
    }
  })
  return { shown, leftChars }
}
