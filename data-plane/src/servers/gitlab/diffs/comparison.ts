import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { readCursor, writeCursor } from '../../../server-kit/paging/cursor.ts'
import type { ListQuery } from '../../../server-kit/paging/cursor.ts'
import { latestCommit } from '../api/at-commit.ts'
import { absent, flag } from '../shape/absent.ts'
import { FileDiff } from './file-diff.ts'
import { countThatFits } from './page-that-fits.ts'
import type { Room } from './page-that-fits.ts'

const Compared = z.object({ commit: absent(z.object({ id: z.string() })), diffs: z.array(FileDiff), compare_timeout: flag })

/** Where a walk goes on: between the commits that were compared when it began. */
const Place = z.object({ from: z.string().max(255), to: z.string().max(255), after: z.int().min(0) })

interface Comparison {
  readonly api: HttpApi
  readonly project: string
  readonly from: string
  readonly to: string
  readonly asked: ListQuery
  readonly args: Room & { readonly limit: number; readonly cursor?: string | undefined; readonly paths?: readonly string[] | undefined }
}

/** The files that differ, as many as there is room for; with `paths` all. GitLab gives them at once. */
export async function comparedFiles({ api, project, from, to, asked, args }: Comparison) {
  const place = args.cursor === undefined ? { from, to, after: 0 } : readCursor(asked, Place, args.cursor)
  const query = { from: place.from, to: place.to, straight: false, unidiff: true }
  const { commit, diffs, compare_timeout } = await api.get(path`/projects/${project}/repository/compare`, Compared, query).catch(tooLarge)
  const reply = { total: diffs.length, isCut: compare_timeout === true }
  if (args.paths) return { ...reply, items: diffs, nextCursor: null }
  const rest = diffs.slice(place.after, place.after + args.limit)
  const items = rest.slice(0, countThatFits(rest, args))
  const after = place.after + items.length
  if (after >= diffs.length) return { ...reply, items, nextCursor: null }
  const start = args.cursor === undefined ? ((await latestCommit(api, project, from)) ?? from) : place.from
  return { ...reply, items, nextCursor: writeCursor(asked, { from: start, to: commit?.id ?? to, after }) }
}

function tooLarge(error: unknown): never {
  if (!(error instanceof ToolError) || error.code !== 'too_large') throw error
  throw new ToolError('too_large', error.message, {
    hint: 'GitLab gives a comparison whole. Compare commits nearer to each other, or take list_commits, and get_diff of each commit.',
  })
}
