import { ToolError } from '@bir/sdk/contract/errors'
import { numberedPage } from '../api/walks.ts'
import type { CursorPage, Listed } from '../api/walks.ts'
import { FileDiff } from './file-diff.ts'

type Files = Omit<Listed<typeof FileDiff>, 'item' | 'id'>

/**
 * A page of changed files. Their text comes with them, asked for or not, and may be more than the gateway takes: then
 * fewer files are asked for.
 */
export async function pageThatFits({ asked, ...list }: Files): Promise<CursorPage<FileDiff>> {
  const { limit } = asked.args
  const sizes = [limit, ...[20, 5, 1].filter((size) => size < limit)]
  for (const size of sizes.slice(0, -1)) {
    const page = await pageOf(list, asked, size).catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'too_large') return undefined
      throw error
    })
    if (page) return page
  }
  return pageOf(list, asked, sizes.at(-1) ?? limit)
}

const pageOf = (list: Omit<Files, 'asked'>, asked: Files['asked'], limit: number) =>
  numberedPage({ ...list, item: FileDiff, asked: { ...asked, args: { ...asked.args, limit } }, id: ({ file }) => file })
