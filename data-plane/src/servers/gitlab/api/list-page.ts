import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import type { Path, Query } from '../../../server-kit/http/path.ts'

export interface PageRequest {
  readonly query?: Query
  readonly limit: number
  readonly cursor: string | undefined
}

const Cursor = z.object({ page: z.int().min(1).max(1_000_000), limit: z.int().min(1).max(100) })

/** A page of a list that GitLab pages by number. */
export async function listPage<Item extends z.ZodType>(api: HttpApi, path: Path, item: Item, { query, limit, cursor }: PageRequest) {
  const { page, limit: perPage } = cursor === undefined ? { page: 1, limit } : read(cursor)
  const { data, headers } = await api.page(path, z.array(item), { ...query, page, per_page: perPage })
  const next = Number(headers['x-next-page'] || '0')
  const total = /^\d+$/.test(headers['x-total'] ?? '') ? Number(headers['x-total']) : undefined
  const nextCursor = next > page ? Buffer.from(JSON.stringify({ page: next, limit: perPage })).toString('base64url') : null
  return { items: data, nextCursor, total }
}

function read(cursor: string): z.infer<typeof Cursor> {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    throw new ToolError('invalid_input', 'The argument cursor is not one of this tool.', { hint: 'Give next_cursor of the last reply.' })
  }
}
