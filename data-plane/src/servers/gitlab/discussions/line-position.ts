import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import type { Numbered } from '../input/reference.ts'

export interface LineAsked {
  readonly path: string
  readonly line: number
  readonly side: 'new' | 'old'
}

const Refs = z.object({ diff_refs: z.object({ base_sha: z.string(), start_sha: z.string(), head_sha: z.string() }) })
const Diff = z.object({ old_path: z.string(), new_path: z.string(), diff: z.string() })
type Diff = z.output<typeof Diff>

const maxDiffPages = 20

/** A line of a merge request's diff, as GitLab wants it: a line without a change has its number on both sides. */
export async function linePosition(api: HttpApi, { project, iid }: Numbered, asked: LineAsked) {
  const { diff_refs } = await api.get(path`/projects/${project}/merge_requests/${iid}`, Refs)
  const file = await findFile(api, { project, iid }, asked)
  const numbers = file && numbersOf(file.diff, asked)
  if (!file || !numbers) throw notInDiff(asked, file !== undefined)
  return { position_type: 'text', ...diff_refs, old_path: file.old_path, new_path: file.new_path, ...numbers }
}

async function findFile(api: HttpApi, { project, iid }: Numbered, { path: name, side }: LineAsked): Promise<Diff | undefined> {
  for (let page = 1; page <= maxDiffPages; page++) {
    const query = { page, per_page: 100 }
    const { data, headers } = await api.page(path`/projects/${project}/merge_requests/${iid}/diffs`, z.array(Diff), query)
    const found = data.find((diff) => (side === 'new' ? diff.new_path : diff.old_path) === name)
    if (found || !headers['x-next-page']) return found
  }
  return undefined
}

/** The numbers of a line in a unified diff; undefined where the diff does not have it. */
function numbersOf(diff: string, { line, side }: LineAsked): { new_line?: number; old_line?: number } | undefined {
  let oldLine = 0
  let newLine = 0
  for (const text of diff.split('\n')) {
    const start = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    if (start) {
      oldLine = Number(start[1])
      newLine = Number(start[2])
      continue
    }
    const kind = text[0]
    if ((side === 'new' && kind !== '-' && newLine === line) || (side === 'old' && kind !== '+' && oldLine === line)) {
      if (kind === ' ') return { new_line: newLine, old_line: oldLine }
      return side === 'new' ? { new_line: newLine } : { old_line: oldLine }
    }
    if (kind === '+' || kind === ' ') newLine += 1
    if (kind === '-' || kind === ' ') oldLine += 1
  }
  return undefined
}

const notInDiff = ({ path: name, line, side }: LineAsked, hasFile: boolean) =>
  new ToolError(
    'invalid_input',
    hasFile
      ? `The diff of ${JSON.stringify(name.slice(0, 200))} does not show the line ${line} of its ${side} side.`
      : `The merge request does not change ${JSON.stringify(name.slice(0, 200))}.`,
    { hint: 'Choose a line that get_merge_request_diff shows, or comment without path and line.' },
  )
