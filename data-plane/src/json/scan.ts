/** Where a value stands in the text: from `start` up to, not including, `end`. */
export interface Place {
  readonly start: number
  readonly end: number
}

/** Of a member. */
interface Span extends Place {
  /** How many members the value has, at every depth. */
  readonly membersWithin: number
}

export interface Members {
  readonly spans: ReadonlyMap<string, Span>
  /** A key that stands there twice: two readers may see two different objects. */
  readonly duplicate: string | undefined
  /** Where the object itself stands. */
  readonly start: number
  readonly end: number
  /** How many members the object has, and all objects in it. */
  readonly membersWithin: number
  /** How many levels the deepest of its members has. */
  readonly depth: number
  /** Those of the member that was asked for, where it is an object. */
  readonly inner: Members | undefined
}

const quoteCode = 34
const comma = 44
const colon = 58
const openList = 91
const backslash = 92
const closeList = 93
const openObject = 123
const closeObject = 125

/** The members of the object that begins at `from`, and of one that it has, where they stand. `text` must be known to be JSON, and an object there: `JSON.parse` has read it before. */
export function membersOf(text: string, { from = 0, within }: { from?: number; within?: string } = {}): Members {
  const spans = new Map<string, Span>()
  let duplicate: string | undefined
  let membersWithin = 0
  let depth = 0
  let inner: Members | undefined
  const begin = afterSpace(text, from)
  let at = afterSpace(text, begin + 1)
  while (text.charCodeAt(at) === quoteCode) {
    const keyEnd = stringEnd(text, at)
    const key = meaningOf(text, at, keyEnd)
    const start = afterSpace(text, afterSpace(text, keyEnd) + 1)
    const asked = key === within && text.charCodeAt(start) === openObject ? membersOf(text, { from: start }) : undefined
    inner = asked ?? inner
    const { end, membersWithin: deeper, depth: below } = asked ?? valueEnd(text, start)
    if (spans.has(key)) duplicate ??= key
    spans.set(key, { start, end, membersWithin: deeper })
    membersWithin += 1 + deeper
    depth = Math.max(depth, below)
    at = afterSpace(text, end)
    if (text.charCodeAt(at) !== comma) break
    at = afterSpace(text, at + 1)
  }
  return { spans, duplicate, start: begin, end: at + 1, membersWithin, depth: depth + 1, inner }
}

/** The items of the list that begins at `from`, where they stand. The same holds of `text`. */
export function itemsOf(text: string, from = 0): readonly Place[] {
  const items: Place[] = []
  eachItem(text, from, (start) => {
    const end = endOf(text, start)
    items.push({ start, end })
    return end
  })
  return items
}

/** Tells where each item of a list begins, and wants to know where it ends; undefined where the rest does not matter. */
export function eachItem(text: string, from: number, endOfItem: (start: number, index: number) => number | undefined): void {
  let at = afterSpace(text, afterSpace(text, from) + 1)
  for (let index = 0; text.charCodeAt(at) !== closeList; index++) {
    const end = endOfItem(at, index)
    if (end === undefined) return
    at = afterSpace(text, end)
    if (text.charCodeAt(at) === comma) at = afterSpace(text, at + 1)
  }
}

/** Where the value that begins there ends. */
export const endOf = (text: string, start: number): number => valueEnd(text, start).end

function afterSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

const nearChars = 24

/** The index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  // Most strings are short: to look for their end costs less than to have it looked for.
  for (let at = from + 1; at < from + nearChars; at++) {
    const code = text.charCodeAt(at)
    if (code === quoteCode) return at + 1
    if (code === backslash) break
  }
  let quote = text.indexOf('"', from + 1)
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  if (quote === -1) throw new SyntaxError('a string without an end')
  return quote + 1
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1
  while (text.charCodeAt(before) === backslash) before--
  return (quote - before) % 2 === 0
}

function meaningOf(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1)
  return inner.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inner
}

const numbers = /-?\d[\d.eE+-]*/g

/** The same JSON with other strings and numbers: `string` gets what a string means, and says what it shall mean; `number` gets and gives JSON. What they leave alone stays as it was written. */
export function withScalars(text: string, string: (meant: string) => string, number: (source: string) => string): string {
  const between = (start: number, end?: number) => text.slice(start, end).replaceAll(numbers, number)
  let json = ''
  let from = 0
  for (let quote = text.indexOf('"'); quote !== -1; quote = text.indexOf('"', from)) {
    const end = stringEnd(text, quote)
    const meant = meaningOf(text, quote, end)
    const now = string(meant)
    json += between(from, quote) + (now === meant ? text.slice(quote, end) : JSON.stringify(now))
    from = end
  }
  return json + between(from)
}

interface Value {
  readonly end: number
  readonly membersWithin: number
  readonly depth: number
}

function valueEnd(text: string, from: number): Value {
  const first = text.charCodeAt(from)
  if (first === quoteCode) return { end: stringEnd(text, from), membersWithin: 0, depth: 0 }
  if (first === openObject || first === openList) return nestedEnd(text, from)
  let at = from
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++
  return { end: at, membersWithin: 0, depth: 0 }
}

const endsScalar = (code: number): boolean => code === comma || code === closeObject || code === closeList || isSpace(code)

function nestedEnd(text: string, from: number): Value {
  let depth = 0
  let maxDepth = 0
  /** Colons outside of strings. */
  let membersWithin = 0
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === quoteCode) {
      at = stringEnd(text, at)
      continue
    }
    if (code === colon) membersWithin++
    else if (code === openObject || code === openList) maxDepth = Math.max(maxDepth, ++depth)
    else if (code === closeObject || code === closeList) depth--
    at++
    if (depth === 0) return { end: at, membersWithin, depth: maxDepth }
  }
  throw new SyntaxError('a value without an end')
}

/** JSON may be read at depths at which it can be neither walked nor written. Nobody means such a message. */
export const MAX_LEVELS = 512

/** Asked of a whole message; of the short, which most are, at no cost. `text` must be known to be JSON, an object or a list. */
export const isTooDeep = (text: string): boolean => text.length > 2 * MAX_LEVELS && nestedEnd(text, afterSpace(text, 0)).depth > MAX_LEVELS
