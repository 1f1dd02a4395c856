import { z } from 'zod'
import { path as pathTo } from '../../../server-kit/http/path.ts'
import { oneLine } from '../shape/text.ts'
import { Minute } from '../shape/time.ts'
import type { FilePlace } from './read-file.ts'

const Blame = z.array(
  z.object({
    commit: z.object({ id: z.string(), author_name: z.string(), committed_date: Minute }),
    lines: z.array(z.unknown()),
  }),
)

/** GitLab computes blame slowly: so many lines in one call. */
const maxLines = 1_000

/** The lines, each with the commit, the author and the time of its last change before it. */
export async function blameOf(
  { api, project, path, ref }: FilePlace,
  { lines, startLine }: { lines: readonly string[]; startLine: number },
): Promise<string[]> {
  const few = lines.slice(0, maxLines)
  const range = { 'range[start]': startLine, 'range[end]': startLine + few.length - 1 }
  const groups = await api.get(pathTo`/projects/${project}/repository/files/${path}/blame`, Blame, { ref, ...range })
  const heads = groups.flatMap(({ commit: { id, author_name, committed_date }, lines: changed }) =>
    changed.map(() => `${id.slice(0, 8)} ${oneLine(author_name, 60)} ${committed_date.slice(0, 10)}`),
  )
  return few.map((text, index) => `${heads[index] ?? ''} | ${text}`)
}
