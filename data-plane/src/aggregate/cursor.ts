import { ServerId } from '@bir/sdk/contract/names'
import { z } from 'zod'
import { LISTS } from '../protocol/list-methods.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

/** The position of a walk through one server's list. */
export interface Position {
  /** The server's own cursor; absent for the first page. `""` is a cursor too. */
  readonly cursor?: string | undefined
  /** The index in that page at which the walk continues. */
  readonly skip: number
}

/** By server. Absent servers are finished, or were added after the walk began: `list_changed` reports those. */
export type Positions = ReadonlyMap<string, Position>

/** The limit for the cursor of one server, in characters. */
const maxCursorLength = 4096
/** The limit for a composite cursor, in characters before sealing. */
const maxChars = 32_768

const start: Position = { skip: 0 }

const Composite = z.object({
  v: z.literal(1),
  list: z.enum(LISTS),
  at: z.array(z.tuple([ServerId, z.int().min(0)], z.string().max(maxCursorLength))),
})
/** The cursor of `/mcp` as plain data, which the caller seals. */
export type CompositeCursor = z.infer<typeof Composite>

export const firstPositions = (servers: Iterable<string>): Positions => new Map([...servers].map((server) => [server, start]))

/**
 * Writes positions into a composite cursor. When they do not fit, the servers with the longest cursors are `dropped`:
 * for this walk their lists end here.
 */
export function writeCursor(list: ListMethod, positions: Positions): { cursor: CompositeCursor | undefined; dropped: string[] } {
  const entries = [...positions].map(([server, { cursor, skip }]) => ({
    server,
    at: cursor === undefined ? ([server, skip] as [string, number]) : ([server, skip, cursor] as [string, number, string]),
    chars: server.length + 16 + (cursor === undefined ? 0 : JSON.stringify(cursor).length),
    tooLong: (cursor?.length ?? 0) > maxCursorLength,
  }))

  const byLength = entries.toSorted((a, b) => a.chars - b.chars || (a.server < b.server ? -1 : 1))
  const fitting = new Set<string>()
  let chars = 0
  for (const entry of byLength) {
    chars += entry.chars
    if (chars <= maxChars && !entry.tooLong) fitting.add(entry.server)
  }
  const at = entries.filter(({ server }) => fitting.has(server)).map((entry) => entry.at)
  return {
    cursor: at.length === 0 ? undefined : { v: 1, list, at },
    dropped: entries.filter(({ server }) => !fitting.has(server)).map(({ server }) => server),
  }
}

/**
 * Reads the positions from an opened cursor; undefined when it is not one of this list, or of another version.
 * The caller must check whether the person may still use the servers.
 */
export function readCursor(list: ListMethod, opened: unknown): Positions | undefined {
  const composite = Composite.safeParse(opened)
  if (!composite.success || composite.data.list !== list) return undefined
  return new Map(composite.data.at.map(([server, skip, cursor]) => [server, cursor === undefined ? { skip } : { cursor, skip }]))
}
