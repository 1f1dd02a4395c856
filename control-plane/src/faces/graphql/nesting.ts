import { GraphQLError } from 'graphql'

/**
 * How deep the brackets of a query may nest: its fields, and in an argument the 64 levels that an input may have. The
 * parser and the validation call themselves once a level, so a deeper query could exhaust the stack.
 */
const maxBrackets = 128

/** Refuses a query whose brackets nest too deep, in one pass over its text (GraphQL specification, section 2.1). */
export function refuseDeepNesting(source: string): void {
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    const char = source[at]
    if (char === '{' || char === '[' || char === '(') depth++
    else if (char === '}' || char === ']' || char === ')') depth--
    else if (char === '#') at = endOfComment(source, at)
    else if (char === '"') at = source.startsWith('"""', at) ? endOfBlockString(source, at) : endOfString(source, at)
    if (depth > maxBrackets) throw new GraphQLError(refusal, { extensions: { code: 'invalid_input' } })
  }
}

const refusal = `The brackets of the question nest more than ${maxBrackets} deep: ask for less depth, or give the value as a variable.`

function endOfComment(source: string, start: number): number {
  let at = start
  while (at < source.length && source[at] !== '\n' && source[at] !== '\r') at++
  return at
}

/** A string ends with its line at the latest: the parser then refuses it. */
function endOfString(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== '"' && source[at] !== '\n' && source[at] !== '\r') at += source[at] === '\\' ? 2 : 1
  return at
}

function endOfBlockString(source: string, start: number): number {
  let end = source.indexOf('"""', start + 3)
  while (end !== -1 && source[end - 1] === '\\') end = source.indexOf('"""', end + 3)
  return end === -1 ? source.length : end + 2
}
