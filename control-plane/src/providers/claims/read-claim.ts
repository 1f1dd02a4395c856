import { isStorable } from '../../base/plain-input.ts'

/** Claims as a provider sent them: nothing about them is certain but that they are an object. */
export type RawClaims = Readonly<Record<string, unknown>>

/**
 * The claim of this name. A provider may have dots in names (`https://bank.example/groups`), so the whole name goes
 * before the way into an object (`realm_access.roles`).
 */
export function readClaim(claims: RawClaims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as RawClaims)[part]
  }
  return value
}

/** Undefined for what is no text, is empty, or cannot be stored. */
export function readText(claims: RawClaims, name: string): string | undefined {
  const value = readClaim(claims, name)
  return typeof value === 'string' && value !== '' && isStorable(value) ? value : undefined
}

/**
 * A list of texts. A text alone is a list of one, as some providers send it for a person of one group. Undefined for
 * anything else. What cannot be stored is the name of nothing here, and is left out; the others count.
 */
export function readTexts(claims: RawClaims, name: string): string[] | undefined {
  const value = readClaim(claims, name)
  if (typeof value === 'string') return [value].filter(isStorable)
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined
  return value.filter(isStorable)
}

const placeholders = /\{([^\s{}|]+)(\|local)?\}/g

/** A claim, or a text with claims in it. Undefined when one of the claims is missing. */
export function fillIn(claims: RawClaims, text: string): string | undefined {
  if (!text.includes('{')) return readText(claims, text)
  let isWhole = true
  const filled = text.replace(placeholders, (_, name: string, local: string | undefined) => {
    const value = readText(claims, name)
    if (value === undefined) isWhole = false
    return local === undefined ? (value ?? '') : beforeLastAt(value ?? '')
  })
  return isWhole ? filled : undefined
}

const beforeLastAt = (text: string) => (text.includes('@') ? text.slice(0, text.lastIndexOf('@')) : text)

/** The names of the claims that such a text needs. */
export const claimsIn = (text: string): string[] =>
  text.includes('{') ? [...text.matchAll(placeholders)].map(([, name = '']) => name) : [text]
