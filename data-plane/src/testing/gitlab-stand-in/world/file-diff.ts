/** The change of one file, with the members of GitLab's API. */
export interface FileDiff {
  old_path: string
  new_path: string
  a_mode: string
  b_mode: string
  diff: string
  new_file: boolean
  renamed_file: boolean
  deleted_file: boolean
  generated_file: boolean
  /** GitLab left out the text because the diff is over a limit of the instance. */
  collapsed: boolean
  too_large: boolean
}

/** The changes from one set of files to another. A file that only moved is a renaming. */
export function fileDiffs(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FileDiff[] {
  const gone = new Map([...before].filter(([path]) => !after.has(path)).map(([path, content]) => [content, path]))
  const diffs: FileDiff[] = []
  for (const [path, content] of after) {
    const old = before.get(path)
    if (old === content) continue
    const movedFrom = old === undefined ? gone.get(content) : undefined
    if (movedFrom !== undefined) gone.delete(content)
    diffs.push(fileDiff({ path, oldPath: movedFrom ?? path, old: movedFrom === undefined ? old : content, content }))
  }
  const moved = new Set(diffs.filter(({ renamed_file }) => renamed_file).map(({ old_path }) => old_path))
  for (const [path, content] of before) {
    if (!after.has(path) && !moved.has(path)) diffs.push(fileDiff({ path, oldPath: path, old: content, content: undefined }))
  }
  return diffs.sort((one, other) => (one.new_path < other.new_path ? -1 : 1))
}

interface Change {
  readonly path: string
  readonly oldPath: string
  readonly old: string | undefined
  readonly content: string | undefined
}

const fileDiff = ({ path, oldPath, old, content }: Change): FileDiff => ({
  old_path: oldPath,
  new_path: path,
  a_mode: old === undefined ? '0' : '100644',
  b_mode: content === undefined ? '0' : '100644',
  diff: isBinary(old) || isBinary(content) ? '' : hunk(old ?? '', content ?? ''),
  new_file: old === undefined,
  renamed_file: path !== oldPath,
  deleted_file: content === undefined,
  generated_file: false,
  collapsed: false,
  too_large: false,
})

const isBinary = (content: string | undefined): boolean => content?.includes('\0') ?? false

const contextLines = 3

/** One hunk (unified format) around everything between the first and the last line that differ. */
function hunk(old: string, content: string): string {
  if (old === content) return ''
  const before = linesOf(old)
  const after = linesOf(content)
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const start = Math.max(0, head - contextLines)
  const kept = Math.min(tail, contextLines)
  const oldCount = before.length - tail + kept - start
  const newCount = after.length - tail + kept - start
  const lines = [
    `@@ -${oldCount === 0 ? 0 : start + 1},${oldCount} +${newCount === 0 ? 0 : start + 1},${newCount} @@`,
    ...before.slice(start, head).map((line) => ` ${line}`),
    ...before.slice(head, before.length - tail).map((line) => `-${line}`),
    ...after.slice(head, after.length - tail).map((line) => `+${line}`),
    ...before.slice(before.length - tail, before.length - tail + kept).map((line) => ` ${line}`),
  ]
  return `${lines.join('\n')}\n`
}

const linesOf = (content: string): string[] => (content === '' ? [] : content.replace(/\n$/, '').split('\n'))
