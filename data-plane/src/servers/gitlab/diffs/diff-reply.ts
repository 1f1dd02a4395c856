import { counted } from '../../../server-kit/text/counted.ts'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { textArg } from '../input/text-arg.ts'
import { maxCharsArg } from '../shape/fit-lines.ts'
import { chosenFiles, diffLine, DiffItem, fitDiffs, isCut as isCutFile } from './file-diff.ts'
import type { FileDiff, FittedDiffs } from './file-diff.ts'

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
  /** GitLab did not give all files. */
  readonly isCut?: boolean
}

/** The files of a page: their names and counts, and their text where it was asked for and there is room. */
export function diffReply(
  { items: files, nextCursor, total, isCut = false }: Files,
  { paths, stat_only, max_chars }: { paths?: string[] | undefined; stat_only: boolean; max_chars: number },
) {
  const chosen = chosenFiles(files, paths)
  const fitted = fitDiffs(chosen, max_chars, !stat_only || paths !== undefined)
  const { items, left, leftCount } = fitted
  const notes = [
    ...roomNotes(fitted),
    ...(chosen.some(isCutFile)
      ? ['A limit of this GitLab cut files that are too_large, collapsed or empty: read them with get_file.']
      : []),
    ...(isCut ? ['GitLab did not give all files.'] : []),
  ]
  return {
    items,
    count: items.length,
    next_cursor: nextCursor,
    ...(total !== undefined && { total }),
    truncated: nextCursor !== null || leftCount > 0 || isCut,
    ...(left.length > 0 && { left }),
    ...(notes.length > 0 && { note: notes.join(' ') }),
  }
}

function roomNotes({ items, leftCount, isLastCut }: FittedDiffs): string[] {
  const others = leftCount - (isLastCut ? 1 : 0)
  return [
    ...(isLastCut ? [`The diff of ${items.at(-1)?.file} is cut: raise max_chars, or read the file with get_file.`] : []),
    ...(others > 0 ? [`${others} files found no room: ask for some of them with paths, or raise max_chars.`] : []),
  ]
}

export const diffText = ({ items, next_cursor, total, note }: z.output<typeof diffOutput>): string =>
  [
    ...items.map(diffLine),
    next_cursor === null
      ? `${counted(total ?? items.length, 'file')}.`
      : `${counted(items.length, 'file')}; more with cursor ${next_cursor}`,
    ...(note === undefined ? [] : [note]),
  ].join('\n')
