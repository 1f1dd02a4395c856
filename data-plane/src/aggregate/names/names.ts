import { ServerId } from '@bir/sdk/contract/names'
import { joinedName } from './tool-names.ts'

export interface NameAddress {
  readonly server: string
  readonly name: string
}

/** What the shortened names of one server stand for; present but undefined = two names share it, so it stands for none. */
export type NameBook = ReadonlyMap<string, string | undefined>

/** `joinedName` cuts longer ones to exactly this, ending in `_` and 8 characters of base32. */
const longest = 64
const shortenedEnd = /_[a-z2-7]{8}$/

/** A tool's or prompt's name on `/mcp`. The name of a prompt may hold anything, and a cut must not leave half a character behind. */
export function nameOnAggregate(server: string, name: string): string {
  const joined = joinedName({ server, tool: name })
  return joined.length === server.length + 1 + name.length ? joined : joined.toWellFormed()
}

/** A server id has no underscore and is shorter than any cut, so the server can always be told; a name that was cut only with the book. */
export function readName(joined: string, bookOf: (server: string) => NameBook | undefined): NameAddress | undefined {
  const end = joined.indexOf('_')
  const server = joined.slice(0, Math.max(end, 0))
  if (joined.length > longest || !ServerId.safeParse(server).success) return undefined

  const book = mayBeShortened(joined) ? bookOf(server) : undefined
  const name = book?.has(joined) ? book.get(joined) : joined.slice(end + 1)
  return name === undefined ? undefined : { server, name }
}

/** Made of all names a server has of one kind; only those that were cut are kept. */
export function nameBook(server: string, names: Iterable<string>): NameBook {
  const book = new Map<string, string | undefined>()
  for (const name of names) {
    const joined = nameOnAggregate(server, name)
    if (!mayBeShortened(joined)) continue
    const ambiguous = book.has(joined) && book.get(joined) !== name
    book.set(joined, ambiguous ? undefined : name)
  }
  return book
}

const mayBeShortened = (joined: string) => joined.length === longest && shortenedEnd.test(joined)
