import { seenOf } from '@bir/sdk/contract/visible-name'

/** A client, as far as a page shows it: an `OAuthClient` is one. */
export interface ShownClient {
  name: string
  kind: 'built-in' | 'registered' | 'document' | 'administered' | 'service'
  /** Where its metadata document lies: what is verified about it. */
  host?: string | undefined
}

/** A person, as far as a page shows them: a row of `users` is one. */
export interface ShownPerson {
  handle: string
  name?: string | null
}

const maxNameLength = 60

/**
 * A name that somebody else chose: what can be seen of it, on one line, cut where it is long, and not turned by what
 * stands around it.
 */
export function nameOf(name: string): string {
  const line = seenOf(name).trim() || '?'
  const characters = Array.from(line)
  const cut = characters.length > maxNameLength ? `${characters.slice(0, maxNameLength - 1).join('')}…` : line
  return /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u.test(cut) ? `\u2068${cut}\u2069` : cut
}

/** The letter that stands for a name. */
export const letterOf = (name: string): string => /[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? '?'
