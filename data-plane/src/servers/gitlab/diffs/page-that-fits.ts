import { ToolError } from '@bir/sdk/contract/errors'
import { numberedPage } from '../api/walks.ts'
import type { CursorPage, Listed } from '../api/walks.ts'
import { FileDiff, fitDiffs } from './file-diff.ts'

type Files = Omit<Listed<typeof FileDiff>, 'item' | 'id'>

/** What a reply has room for. */
export interface Room {
  readonly max_chars: number
  readonly stat_only: boolean
}

/** How many of these files a reply has room for, with their text unless `stat_only`: at least the first. */
export const countThatFits = (files: readonly FileDiff[], { max_chars, stat_only }: Room): number =>
  fitDiffs(files, max_chars, !stat_only).items.length

/** The most files with their text in one reply: more seldom find room. */
const maxTexts = 20

/**
 * A page of changed files, as many as there is room for. Their text comes with them, asked for or not, and may be more
 * than the gateway takes: then fewer files are asked for.
 */
export async function pageThatFits({ asked, ...list }: Files, room: Room): Promise<CursorPage<FileDiff>> {
  const limit = room.stat_only ? asked.args.limit : Math.min(asked.args.limit, maxTexts)
  const sizes = [limit, ...[20, 5, 1].filter((size) => size < limit)]
  const pageOf = (perPage: number) =>
    numberedPage({
      ...list,
      item: FileDiff,
      asked: { ...asked, args: { ...asked.args, limit } },
      id: ({ file }) => file,
      perPage,
      fits: (files) => countThatFits(files, room),
    })
  for (const size of sizes.slice(0, -1)) {
    const page = await pageOf(size).catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'too_large') return undefined
      throw error
    })
    if (page) return page
  }
  return pageOf(sizes.at(-1) ?? limit)
}
