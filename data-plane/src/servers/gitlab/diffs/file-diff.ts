import { z } from 'zod'
import { withoutEnd } from '../../../server-kit/text/without-end.ts'
import { absent, flag } from '../shape/absent.ts'
import { fitLines } from '../shape/fit-lines.ts'

/** The change of one file, as GitLab writes it in every diff. */
export const FileDiff = z
  .object({
    old_path: z.string(),
    new_path: z.string(),
    diff: absent(z.string()),
    new_file: flag,
    renamed_file: flag,
    deleted_file: flag,
    collapsed: flag,
    too_large: flag,
  })
  .transform(({ old_path, new_path, diff = '', ...flags }) => {
    const isBinary = /^Binary files /m.test(diff)
    return {
      file: old_path === new_path ? new_path : `${old_path} -> ${new_path}`,
      paths: [old_path, new_path],
      diff,
      ...countLines(diff),
      flags: [
        ...(flags.new_file ? ['new'] : []),
        ...(flags.deleted_file ? ['deleted'] : []),
        ...(flags.renamed_file ? ['renamed'] : []),
        ...(flags.too_large ? ['too_large'] : []),
        ...(flags.collapsed ? ['collapsed'] : []),
        ...(isBinary ? ['binary'] : []),
        // Without text, and without a reason for it: the instance's limit cut it.
        ...(diff === '' && !flags.renamed_file && !flags.too_large && !flags.collapsed ? ['empty'] : []),
      ],
    }
  })
export type FileDiff = z.output<typeof FileDiff>

function countLines(diff: string): { added: number; removed: number } {
  let added = 0
  let removed = 0
  for (const line of diff.split('\n')) {
    if (line.startsWith('+') && !line.startsWith('+++ ')) added++
    else if (line.startsWith('-') && !line.startsWith('--- ')) removed++
  }
  return { added, removed }
}

/** The diff of a file that GitLab cut; its text has to be fetched in another way. */
export const isCut = ({ flags }: FileDiff): boolean =>
  flags.some((flag) => flag === 'too_large' || flag === 'collapsed' || flag === 'empty')

export const DiffItem = z.object({
  file: z.string(),
  added: z.number(),
  removed: z.number(),
  flags: z.array(z.string()).optional(),
  diff: z.string().optional(),
})
export type DiffItem = z.input<typeof DiffItem>

/** The files that were asked for, by their old or new path or a directory above; without paths all. */
export function chosenFiles(files: readonly FileDiff[], paths: readonly string[] | undefined): readonly FileDiff[] {
  const wanted = paths?.map((path) => ({ path, below: `${withoutEnd(path, '/')}/` }))
  if (!wanted) return files
  return files.filter((file) => wanted.some(({ path, below }) => file.paths.some((known) => known === path || known.startsWith(below))))
}

export interface FittedDiffs {
  readonly items: DiffItem[]
  /** The first files that found no room, by path. */
  readonly left: string[]
  readonly leftCount: number
  /** The first of these is the last item, whose text is cut. */
  readonly isLastCut: boolean
}

const maxLeft = 20

/** As many files as there is room for: at least the first, in parts if it is alone too long. */
export function fitDiffs(files: readonly FileDiff[], maxChars: number, withText: boolean): FittedDiffs {
  const items: DiffItem[] = []
  let room = maxChars
  for (const [index, file] of files.entries()) {
    const { file: name, added, removed, flags, diff } = file
    const head = { file: name, added, removed, ...(flags.length > 0 && { flags }) }
    const headChars = name.length + 40
    const fitted = withText ? fitLines(diff, Math.max(room - headChars, 0)) : undefined
    if (index > 0 && (room < headChars || (fitted && fitted.leftChars > 0)))
      return { items, ...leftOf(files.slice(index)), isLastCut: false }
    items.push({ ...head, ...(fitted && fitted.text !== '' && { diff: fitted.text }) })
    if (fitted && fitted.leftChars > 0) return { items, ...leftOf(files.slice(index)), isLastCut: true }
    room -= headChars + (fitted?.text.length ?? 0)
  }
  return { items, left: [], leftCount: 0, isLastCut: false }
}

const leftOf = (files: readonly FileDiff[]) => ({
  left: files.slice(0, maxLeft).map(({ paths }) => paths[1] ?? ''),
  leftCount: files.length,
})

export const diffLine = ({ file, added, removed, flags, diff }: DiffItem): string =>
  [`${file} +${added} -${removed}${flags ? ` (${flags.join(', ')})` : ''}`, ...(diff === undefined ? [] : [diff])].join('\n')
