import { counted } from '../../../server-kit/text/counted.ts'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { textArg } from '../input/text-arg.ts'
import { maxCharsArg } from '../shape/fit-lines.ts'
import { chosenFiles, diffLine, DiffItem, fitDiffs, isCut } from './file-diff.ts'
import type { FileDiff } from './file-diff.ts'

/** The arguments that every diff takes. */
export const diffInput = {
  paths: inBrief(z.array(textArg(1_000)).max(50).describe('Files or directories whose text to show')).optional(),
  stat_only: z.boolean().default(true),
  limit: z.number().int().min(1).max(100).default(100),
  cursor: textArg(4_000, 'next_cursor of the last reply').optional(),
  max_chars: maxCharsArg,
}

export const diffOutput = inBrief(
  z.object({
    items: inBrief(z.array(DiffItem)),
    count: z.number(),
    next_cursor: z.string().nullable(),
    total: z.number().optional(),
    truncated: z.boolean(),
    left: z.array(z.string()).optional(),
    note: z.string().optional(),
  }),
  ['items', 'next_cursor'],
)

interface Files {
  readonly items: readonly FileDiff[]
  readonly nextCursor: string | null
  readonly total?: number | undefined
}

/** The files of a page: their names and counts, and their text where it was asked for and there is room. */
export function diffReply(
  { items: files, nextCursor, total }: Files,
  { paths, stat_only, max_chars }: { paths?: string[] | undefined; stat_only: boolean; max_chars: number },
) {
  const chosen = chosenFiles(files, paths)
  const { items, left, leftCount } = fitDiffs(chosen, max_chars, !stat_only || paths !== undefined)
  const note = noteOn(chosen, leftCount)
  return {
    items,
    count: items.length,
    next_cursor: nextCursor,
    ...(total !== undefined && { total }),
    truncated: nextCursor !== null || leftCount > 0,
    ...(left.length > 0 && { left }),
    ...(note !== undefined && { note }),
  }
}

function noteOn(files: readonly FileDiff[], leftCount: number): string | undefined {
  const notes = [
    ...(leftCount > 0 ? [`${leftCount} files found no room: ask for some of them with paths, or raise max_chars.`] : []),
    ...(files.some(isCut) ? ['A limit of this GitLab cut files that are too_large, collapsed or empty: read them with get_file.'] : []),
  ]
  return notes.length === 0 ? undefined : notes.join(' ')
}

export const diffText = ({ items, next_cursor, total, note }: z.output<typeof diffOutput>): string =>
  [
    ...items.map(diffLine),
    next_cursor === null
      ? `${counted(total ?? items.length, 'file')}.`
      : `${counted(items.length, 'file')}; more with cursor ${next_cursor}`,
    ...(note === undefined ? [] : [note]),
  ].join('\n')
