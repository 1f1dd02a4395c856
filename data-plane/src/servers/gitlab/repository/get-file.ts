import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { fitLines, maxCharsArg } from '../shape/fit-lines.ts'
import { blameOf } from './blame.ts'
import { readFile } from './read-file.ts'

const line = z.number().int().min(1).max(10_000_000)

export const getFile = gitlab.tool({
  name: 'get_file',
  description: 'The text of a file, or some of its lines, at a branch, tag or commit; with blame, who changed each line last.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    path: textArg(1_000, 'From the top of the repository'),
    ref: textArg(500, 'Default: the default branch').default('HEAD'),
    start_line: inBrief(line).default(1),
    end_line: inBrief(line).optional(),
    blame: z.boolean().default(false),
    max_chars: maxCharsArg,
  }),
  output: inBrief(
    z.object({
      path: z.string(),
      ref: z.string(),
      start_line: z.number(),
      end_line: z.number(),
      total_lines: z.number().optional(),
      last_commit: z.string().optional(),
      text: z.string(),
      truncated: z.boolean(),
      left_chars: z.number().optional(),
      next_start_line: z.number().optional(),
    }),
  ),
  async run({ project, path, ref, start_line, end_line, blame, max_chars }, context) {
    if (end_line !== undefined && end_line < start_line) throw backwards()
    const at = { api: api(context), project: projectId(context.settings, project), path: path.replace(/^\/+/, ''), ref }
    const file = await readFile(at)
    const wanted = file.lines.slice(start_line - 1, end_line)
    if (wanted.length === 0 && start_line > 1) throw pastEnd(file.lines.length)
    const shown = blame ? await blameOf(at, { lines: wanted, startLine: start_line }) : wanted
    const { text, lines, leftChars } = fitLines(shown.join('\n'), max_chars)
    return {
      path: at.path,
      ref,
      start_line,
      end_line: start_line + Math.max(lines, 1) - 1,
      total_lines: file.lines.length,
      last_commit: file.lastCommit,
      text,
      truncated: leftChars > 0,
      ...(leftChars > 0 && { left_chars: leftChars, next_start_line: start_line + lines }),
    }
  },
  text: ({ path, ref, start_line, end_line, total_lines, text, left_chars, next_start_line }) =>
    [
      `${path} at ${ref}, lines ${start_line} to ${end_line} of ${total_lines}:`,
      text,
      ...(left_chars === undefined ? [] : [`Cut: ${left_chars} characters left. Go on with start_line ${next_start_line}.`]),
    ].join('\n'),
})

const backwards = () =>
  new ToolError('invalid_input', 'The argument end_line is before start_line.', { hint: 'Give a later line, or leave it out.' })

const pastEnd = (lines: number) =>
  new ToolError('invalid_input', `The argument start_line is past the end: the file has ${lines} lines.`, { hint: 'Give an earlier line.' })
