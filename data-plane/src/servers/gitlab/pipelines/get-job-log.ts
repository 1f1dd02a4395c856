import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { cutBeginning } from '../../../server-kit/text/cut.ts'
import { fenced } from '../../../server-kit/text/fence.ts'
import { plainLog } from '../../../server-kit/text/plain-log.ts'
import { withoutEnd } from '../../../server-kit/text/without-end.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { matchingLines } from './matching-lines.ts'

/** So much of the end of a log is looked at: lines with colours and marks are longer than what is shown of them. */
const tailBytes = 1024 * 1024
/** And where words are looked for. */
const searchedBytes = 5 * 1024 * 1024

export const getJobLog = gitlab.tool({
  name: 'get_job_log',
  description: 'The end of the log of a CI job, without colours; with grep, the lines that contain a text, and context lines around them.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    job: z.int().min(1),
    tail_lines: z.int().min(1).max(5_000).default(200),
    grep: textArg(200, 'Text, not a pattern').optional(),
    context: z.int().min(0).max(20).default(2),
    max_chars: z.int().min(500).max(60_000).default(12_000),
  }),
  output: inBrief(
    z.object({
      log: z.string(),
      lines: z.number(),
      matches: z.number().optional(),
      total_bytes: z.number().optional(),
      truncated: z.boolean(),
      left_chars: z.number().optional(),
      next: z.string().optional(),
    }),
    ['log', 'truncated', 'next'],
  ),
  async run({ project, job, tail_lines, grep, context: around, max_chars }, context) {
    const maxBytes = grep === undefined ? tailBytes : searchedBytes
    const place = path`/projects/${projectId(context.settings, project)}/jobs/${job}/trace`
    const { text, cut, totalBytes } = await api(context).text(place, { maxBytes, keep: 'tail' })
    const all = withoutEnd(plainLog(cut ? text.slice(text.indexOf('\n') + 1) : text), '\n').split('\n')
    const found = grep === undefined ? undefined : matchingLines(all, grep, around)
    const lines = found?.lines ?? all
    const shown = lines.slice(-tail_lines)
    const { text: log, leftChars } = cutBeginning(shown.join('\n'), max_chars)
    const truncated = cut || leftChars > 0 || shown.length < lines.length
    return {
      log,
      lines: log === '' ? 0 : log.split('\n').length,
      ...(found && { matches: found.count }),
      total_bytes: totalBytes,
      truncated,
      ...(truncated && { left_chars: lines.join('\n').length - log.length, next: more({ tail_lines, max_chars, all: lines.length }) }),
    }
  },
  text: ({ log, matches, left_chars, next }) =>
    [
      ...(matches === undefined ? [] : [`${matches} lines contain it.`]),
      fenced('Log', log),
      ...(next === undefined ? [] : [`${left_chars ?? 0} characters before this were left out; more with ${next}`]),
    ].join('\n'),
})

/** What shows more of the same log. */
function more({ tail_lines, max_chars, all }: { tail_lines: number; max_chars: number; all: number }): string {
  if (max_chars === 60_000 && (tail_lines === 5_000 || tail_lines >= all)) return 'grep: a text that the lines contain'
  return `tail_lines: ${Math.min(5_000, tail_lines * 4)}, max_chars: ${Math.min(60_000, max_chars * 4)}`
}
