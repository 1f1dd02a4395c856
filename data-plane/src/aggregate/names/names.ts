import { ServerId } from '@bir/sdk/contract/names'
import { shortenedName } from './tool-names.ts'

export interface NameAddress {
  readonly server: string
  readonly name: string
}

/** The full names behind the shortened names of one server's prompts. Undefined where two share a shortened one. */
export type NameBook = ReadonlyMap<string, string | undefined>

/** `shortenedName` shortens longer names to exactly this length. They then end in `_` and 8 characters of base32. */
const maxLength = 64
const shortenedEnd = /_[a-z2-7]{8}$/

/**
 * The name of a prompt on `/mcp`. People choose prompts, and no host limits their characters; but none may be cut in
 * half.
 */
export function promptOnAggregate(server: string, name: string): string {
  const joined = `${server}_${name}`
  const shortened = shortenedName(joined)
  return shortened === joined ? joined : shortened.toWellFormed()
}

/**
 * Reads a prompt's name on `/mcp`; undefined when it is none. The server can always be read, because its id has no
 * underscore and is never cut. A shortened name can be read only with the book.
 */
export function readName(joined: string, bookOf: (server: string) => NameBook | undefined): NameAddress | undefined {
  const end = joined.indexOf('_')
  const server = joined.slice(0, Math.max(end, 0))
  if (joined.length > maxLength || !ServerId.safeParse(server).success) return undefined

  const book = mayBeShortened(joined) ? bookOf(server) : undefined
  const name = book?.has(joined) ? book.get(joined) : joined.slice(end + 1)
  return name === undefined ? undefined : { server, name }
}

/** Makes the book from the names of all prompts that a server has. It holds only the shortened ones. */
export function nameBook(server: string, names: Iterable<string>): NameBook {
  const book = new Map<string, string | undefined>()
  for (const name of names) {
    const joined = promptOnAggregate(server, name)
    if (!mayBeShortened(joined)) continue
    const ambiguous = book.has(joined) && book.get(joined) !== name
    book.set(joined, ambiguous ? undefined : name)
  }
  return book
}

const mayBeShortened = (joined: string) => joined.length === maxLength && shortenedEnd.test(joined)
