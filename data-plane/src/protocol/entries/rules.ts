import { isObject } from '../../json/is-object.ts'

/** A value that no client can use, and that has no certain meaning. */
export const UNUSABLE = Symbol('unusable')

/** Takes a sentence about what was mended. It begins with the place of the value. */
export type Say = (fault: string) => void

/** What a value of a list's entry must be. */
export interface Rule {
  /** What it is, for a sentence: `a text`. */
  readonly is: string
  /** The value as clients accept it: the very same where it is good. `UNUSABLE` where there is none. */
  mend(value: unknown, path: string, say: Say): unknown
}

const plain = (is: string, test: (value: unknown) => boolean): Rule => ({ is, mend: (value) => (test(value) ? value : UNUSABLE) })

export const text = plain('a text', (value) => typeof value === 'string')
export const truth = plain('true or false', (value) => typeof value === 'boolean')
export const number = plain('a number', (value) => Number.isFinite(value))
export const anyObject = plain('an object', isObject)
export const share = plain('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1)
export const oneOf = (...words: readonly string[]): Rule =>
  plain(`one of ${words.join(', ')}`, (value) => typeof value === 'string' && words.includes(value))

const momentPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/
/** RFC 3339 with a zone. */
export const moment = plain('a moment with a time zone', (value) => isMoment(value))

/** A day that no month has becomes another one, or none. */
function isMoment(value: unknown): boolean {
  if (typeof value !== 'string' || !momentPattern.test(value)) return false
  const day = value.slice(0, 10)
  const read = new Date(day)
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day)
}

/** A list. An item that cannot be used is left out. */
export const each = (item: Rule): Rule => ({
  is: 'a list',
  mend(value, path, say) {
    if (!Array.isArray(value)) return UNUSABLE
    const mended = (value as unknown[]).map((inner, at) => item.mend(inner, `${path}[${at}]`, say))
    const usable = mended.filter((inner, at) => inner !== UNUSABLE || say(`${path}[${at}] is not ${item.is}, and is left out`))
    return usable.length === value.length && usable.every((inner, at) => inner === value[at]) ? (value as unknown) : usable
  },
})

/** A list that is good as a whole or not at all. */
export const every = (item: Rule): Rule => ({
  is: `a list of which each is ${item.is}`,
  mend(value, path, say) {
    if (!Array.isArray(value)) return UNUSABLE
    const mended = (value as unknown[]).map((inner, at) => item.mend(inner, `${path}[${at}]`, say))
    if (mended.includes(UNUSABLE)) return UNUSABLE
    return mended.every((inner, at) => inner === value[at]) ? (value as unknown) : mended
  },
})

interface Members {
  readonly required?: Readonly<Record<string, Rule>>
  /** One that cannot be used is left out: to a client it is as if the server had not sent it. */
  readonly optional?: Readonly<Record<string, Rule>>
}

/** An object with these members. Others may be anything, and stay. */
export function members(is: string, { required = {}, optional = {} }: Members): Rule {
  const rules = [...Object.entries(required), ...Object.entries(optional)]
  return {
    is,
    mend(value, path, say) {
      if (!isObject(value)) return UNUSABLE
      let object = value
      for (const [key, rule] of rules) {
        const place = path === '' ? key : `${path}.${key}`
        const given = Object.hasOwn(value, key) ? value[key] : undefined
        if (given === undefined && !Object.hasOwn(required, key)) continue
        const mended = given === undefined ? UNUSABLE : rule.mend(given, place, say)
        if (mended === given) continue
        if (mended !== UNUSABLE) object = { ...object, [key]: mended }
        else if (Object.hasOwn(required, key)) return UNUSABLE
        else object = without(object, key, () => say(`${place} is not ${rule.is}, and is left out`))
      }
      return object
    },
  }
}

function without(object: Record<string, unknown>, key: string, said: () => void): Record<string, unknown> {
  const { [key]: dropped, ...rest } = object
  // An explicit null says what an absent member says.
  if (dropped !== null) said()
  return rest
}
