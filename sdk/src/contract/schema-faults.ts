import { z } from 'zod'

const maxFaults = 20

/**
 * What a schema found wrong, in one line for a person: each fault with its place, such as
 * `id: must be a UUID; grants[0].level: must be one of read or write`. The first 20 faults are named, and the others
 * counted.
 */
export function schemaFaults({ issues }: Pick<z.ZodError, 'issues'>): string {
  const named = issues.slice(0, maxFaults).map((issue) => {
    const words = faultWords(issue)
    return issue.path.length === 0 ? words : `${z.core.toDotPath(issue.path)}: ${words}`
  })
  const more = issues.length - named.length
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/**
 * What is wrong with the arguments of a call, a sentence each, for the model that sent them: `The argument query is
 * missing.` Short values that an author's rule refused are repeated. The first 20 are named, and the others counted.
 */
export function argumentFaults({ issues }: Pick<z.ZodError, 'issues'>, args: unknown): string {
  const sentences = issues.slice(0, maxFaults).map((issue) => asSentence(argumentWords(issue, args)))
  const more = issues.length - sentences.length
  return [...sentences, ...(more > 0 ? [`And ${more} more are wrong.`] : [])].join(' ')
}

function argumentWords(issue: z.core.$ZodIssue, args: unknown): string {
  if (issue.path.length > 0) return `The argument ${z.core.toDotPath(issue.path)}${givenValue(issue, args)} ${faultWords(issue)}`
  if (issue.code !== 'unrecognized_keys') return `The input ${faultWords(issue)}`
  return `Unknown ${issue.keys.length === 1 ? 'argument' : 'arguments'}: ${issue.keys.join(', ').replaceAll(/\s+/gu, ' ')}`
}

const maxValueChars = 60

/** The refused value, where the words of the schema's author do not tell it. */
function givenValue({ code, path }: z.core.$ZodIssue, args: unknown): string {
  if (code !== 'custom') return ''
  const value = path.reduce((holder, key) => (holder as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], args)
  if (!['string', 'number', 'boolean'].includes(typeof value)) return ''
  const text = JSON.stringify(value)
  return text.length > maxValueChars ? '' : ` ${text}`
}

/** With a full stop, unless it ends with a mark of its own, so that another sentence can follow. */
export const asSentence = (text: string): string => (/[.!?…]["')]?$/.test(text) ? text : `${text}.`)

/** One fault without its place. The words of the schema's author stay; those of zod itself become plain. */
export function faultWords(issue: z.core.$ZodIssue): string {
  const words = isZods(issue.message) ? plainWords(issue) : issue.message
  // A message may hold a name of the input, and that any character.
  return words.replaceAll(/\s+/gu, ' ')
}

const isZods = (message: string) => /^(Invalid|Too (big|small)|Unrecognized key)/.test(message)

function plainWords(issue: z.core.$ZodIssue): string {
  const { message } = issue
  if (message.endsWith('received undefined')) return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return issue.values.length === 1 ? `must be ${String(issue.values[0])}` : `must be one of ${listed(issue.values)}`
    case 'invalid_format':
      return `must be ${formatNames[issue.format] ?? `of the form ${issue.format}`}`
    case 'too_big':
      return `must ${sizeWords(issue.origin, `at most ${issue.maximum}`)}`
    case 'too_small':
      return `must ${sizeWords(issue.origin, `at least ${issue.minimum}`)}`
    case 'unrecognized_keys':
      return `has ${issue.keys.length === 1 ? 'an unknown field' : 'unknown fields'}: ${issue.keys.join(', ')}`
    case 'invalid_union':
      return unionWords(issue.errors)
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      return message
  }
}

/** What each form wants, where all of them have their faults at one place. */
function unionWords(forms: readonly (readonly z.core.$ZodIssue[])[]): string {
  const atPlace = forms.every((issues) => issues.length > 0 && issues.every(({ path }) => path.length === 0))
  if (!atPlace || forms.length === 0) return 'has none of the forms that it may have'
  return [...new Set(forms.map((issues) => issues.map(faultWords).join(' and ')))].join(', or ')
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a date',
}

const formatNames: Record<string, string> = {
  uuid: 'a UUID',
  url: 'a URL',
  email: 'an e-mail address',
  datetime: 'a moment such as 2026-11-22T08:00:00Z',
  base64: 'base64',
}

function sizeWords(origin: string, limit: string): string {
  if (origin === 'string') return `have ${limit} characters`
  return ['array', 'set', 'map', 'object'].includes(origin) ? `have ${limit} entries` : `be ${limit}`
}

function listed(values: readonly unknown[]): string {
  const names = values.map(String)
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
