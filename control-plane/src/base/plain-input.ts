import { nestsWithin } from '@bir/sdk/contract/canonical'
import { ApiError } from './api-error.ts'

const maxDepth = 64
/** Longer than anything that people write, and than any key that the database could index. */
const maxTextLength = 64 * 1024

/**
 * Refuses input that cannot be stored or compared, whatever field it is in: PostgreSQL knows no U+0000 in a text, and
 * UTF-8 no half of a character; a member `__proto__` would vanish. Every operation passes here, so that no operation
 * has to think of it. `sayable`: the names at the top that a fault may say; any other name may be a value that stands
 * in the wrong place. Absent: every name may be said.
 */
export function refuseUnstorable(input: unknown, sayable?: ReadonlySet<string>): void {
  if (!nestsWithin(input, maxDepth)) throw new ApiError('invalid_input', `The input nests more than ${maxDepth} levels deep.`)
  check(input, [], ([top = '', ...below]) => (sayable ? (sayable.has(top) ? top : '') : [top, ...below].join('.')))
}

function check(value: unknown, path: readonly string[], said: (path: readonly string[]) => string): void {
  if (typeof value === 'string') {
    const fault = faultOf(value)
    if (fault !== undefined) throw at(said(path), { unnamed: `A text ${fault}.`, named: `a text ${fault}.` })
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const fault = key === lostName ? `may not be ${lostName}` : faultOf(key)
    if (fault !== undefined) throw at(said(path), { unnamed: `The input: a name ${fault}.`, named: `a name ${fault}.` })
    check(inner, [...path, key], said)
  }
}

const at = (place: string, { unnamed, named }: { unnamed: string; named: string }) =>
  new ApiError('invalid_input', place === '' ? unnamed : `${place}: ${named}`)

/** A JSON reader, or a schema, that meets this name may drop what it names without a word. */
const lostName = '__proto__'

/** Whether a text can be stored and compared as it is. */
export const isStorable = (text: string) => faultOf(text) === undefined

function faultOf(text: string): string | undefined {
  if (text.includes('\0')) return 'may not hold the character U+0000'
  if (!text.isWellFormed()) return 'may not hold half of a character (a lone surrogate)'
  return text.length > maxTextLength ? `has ${maxTextLength} characters at most` : undefined
}
