import { ToolError } from '@bir/sdk/contract/errors'

/** A path below the API of a service. Only `path` makes one, so no value in it can lead elsewhere. */
export class Path {
  /** Percent-encoded (RFC 3986). */
  readonly text: string
  /** Without the values: it may be shown and logged. */
  readonly template: string

  private constructor(text: string, template: string) {
    this.text = text
    this.template = template
  }

  static readonly make = (literals: readonly string[], values: readonly (string | number)[]): Path =>
    new Path(literals.map((literal, at) => (at === 0 ? '' : encodeSegment(values[at - 1] ?? '')) + literal).join(''), literals.join('{}'))
}

/**
 * Writes a path, such as path`/projects/${project}/issues/${iid}`. Each value becomes one encoded segment, or a part
 * of one. Throws ToolError `invalid_input` for a value that a server on the way might read as another path: an empty
 * one, and one with `.` or `..` as a step, or with a control character.
 */
export const path = (literals: TemplateStringsArray, ...values: (string | number)[]): Path => Path.make(literals, values)

const maxValueChars = 2_000

function encodeSegment(value: string | number): string {
  const text = String(value)
  const fault = faultOf(text)
  if (fault === undefined) return encodeURIComponent(text)
  throw new ToolError('invalid_input', `A name or path in the arguments ${fault}.`, { hint: 'Correct the arguments.' })
}

function faultOf(text: string): string | undefined {
  if (text === '') return 'is empty'
  if (text.length > maxValueChars) return `has more than ${maxValueChars} characters`
  if (/\p{Cc}/u.test(text)) return 'has a control character'
  if (!text.isWellFormed()) return 'is not Unicode text'
  if (text.split(/[/\\]/).some((step) => step === '.' || step === '..')) return 'has . or .. as a step'
  return undefined
}

/** What stands behind the `?`. Undefined is left out; a list is written as `name[]=a&name[]=b`. */
export type Query = Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>

export function queryText(query: Query | undefined): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    if (typeof value === 'object') for (const item of value) params.append(`${name}[]`, String(item))
    else params.append(name, String(value))
  }
  return params.size === 0 ? '' : `?${params.toString()}`
}
