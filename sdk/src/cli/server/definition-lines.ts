import { plain } from '../../contract/suspicious.ts'
import { printable } from '../output/printable.ts'

const maxLines = 500
const maxChars = 40_000

/**
 * A definition as lines for the person who decides: every name and value of it, indented like YAML. A text of several
 * lines stands behind `|`, so that none of its lines can pass for a member. What a reader cannot see is written out.
 * Undefined when it is too long to be read in a terminal; then no part of it is shown.
 */
export function definitionLines(definition: Record<string, unknown>): string[] | undefined {
  const lines: string[] = []
  let chars = 0
  for (const line of linesOf(definition, '')) {
    chars += line.length
    if (lines.length === maxLines || chars > maxChars) return undefined
    lines.push(line)
  }
  return lines
}

const entriesOf = (value: object): [name: string, inner: unknown][] =>
  Array.isArray(value)
    ? value.map((inner: unknown) => ['-', inner])
    : Object.entries(value).map(([key, inner]) => [`${nameOf(key)}:`, inner])

function* linesOf(value: object, indent: string): Generator<string> {
  for (const [name, inner] of entriesOf(value)) {
    if (typeof inner === 'object' && inner !== null && entriesOf(inner).length > 0) {
      yield `${indent}${name}`
      yield* linesOf(inner, `${indent}  `)
    } else if (typeof inner === 'string' && inner.includes('\n')) {
      yield `${indent}${name}`
      for (const line of inner.split('\n')) yield `${indent}  | ${shown(line)}`
    } else yield `${indent}${name} ${shown(JSON.stringify(inner))}`
  }
}

const simpleName = /^[\w$.-]+$/

/** A name with any other character is written as JSON, because it could end in what looks like another member. */
const nameOf = (key: string) => (simpleName.test(key) ? key : shown(JSON.stringify(key)))

/** Longer texts end the list anyway. They are not searched for characters to write out. */
const shown = (text: string) => (text.length > maxChars ? text : printable(plain(text)))
