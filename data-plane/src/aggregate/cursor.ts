import { ServerId } from '@bir/sdk/contract/names'
import { z } from 'zod'
import { LISTS } from '../protocol/list-methods.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

/** Where a walk through one server's list stands: its own cursor (absent = the first page, `""` is one), and how many entries of that page were given out. */
export interface Position {
  readonly cursor?: string | undefined
  readonly skip: number
}

/** Servers not named are done, or were not there when the walk began: `list_changed` tells of those. */
export type Positions = ReadonlyMap<string, Position>

/** The longest cursor of one server, and the most a composite one holds, in characters before sealing. */
const longestCursor = 4096
const maxChars = 32_768

const start: Position = { skip: 0 }

const Composite = z.strictObject({
  v: z.literal(1),
  list: z.enum(LISTS),
  at: z.array(z.tuple([ServerId, z.int().min(0)], z.string().max(longestCursor))),
})
/** Plain data for the sealer. */
export type CompositeCursor = z.infer<typeof Composite>

export const firstPositions = (servers: Iterable<string>): Positions => new Map([...servers].map((server) => [server, start]))

/** The positions as plain data. A server whose cursor is too long to carry is `dropped`, the longest first: its list ends here for this walk. */
export function writeCursor(list: ListMethod, positions: Positions): { cursor: CompositeCursor | undefined; dropped: string[] } {
  const entries = [...positions].map(([server, { cursor, skip }]) => ({
    server,
    at: cursor === undefined ? ([server, skip] as [string, number]) : ([server, skip, cursor] as [string, number, string]),
    chars: server.length + 16 + (cursor === undefined ? 0 : JSON.stringify(cursor).length),
    tooLong: (cursor?.length ?? 0) > longestCursor,
  }))

  const byLength = entries.toSorted((a, b) => a.chars - b.chars || (a.server < b.server ? -1 : 1))
  const kept = new Set<string>()
  let chars = 0
  for (const entry of byLength) {
    chars += entry.chars
    if (chars <= maxChars && !entry.tooLong) kept.add(entry.server)
  }
  const at = entries.filter(({ server }) => kept.has(server)).map((entry) => entry.at)
  return {
    cursor: at.length === 0 ? undefined : { v: 1, list, at },
    dropped: entries.filter(({ server }) => !kept.has(server)).map(({ server }) => server),
  }
}

/** The positions an opened seal holds; undefined when it is none of this list or of another version. Whether the servers may still be asked is the caller's to look up. */
export function readCursor(list: ListMethod, opened: unknown): Positions | undefined {
  const composite = Composite.safeParse(opened)
  if (!composite.success || composite.data.list !== list) return undefined
  return new Map(composite.data.at.map(([server, skip, cursor]) => [server, cursor === undefined ? { skip } : { cursor, skip }]))
}
