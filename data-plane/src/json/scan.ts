/** Where a value is in the text: from `start` to `end`, which is not included. */
export interface Place {
  readonly start: number
  readonly end: number
}

/** Where the value of a member is. */
interface Span extends Place {
  /** The number of members of all objects in the value, at every depth. */
  readonly membersWithin: number
}

export interface Members {
  readonly spans: ReadonlyMap<string, Span>
  /** A key that occurs twice: two readers may see two different objects. */
  readonly duplicate: string | undefined
  /** Where the object itself is. */
  readonly start: number
  readonly end: number
  /** The number of members of the object and of all objects in it. */
  readonly membersWithin: number
  /** The number of nested levels, this object included. */
  readonly depth: number
  /** The members of the member `within`, if that is an object. */
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

/**
 * Finds the members of the object that begins at `from`, and the members of its member `within`. `text` must be valid
 * JSON with an object at `from`: the caller has read it with `JSON.parse` before.
 */
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
    const key = stringAt(text, at, keyEnd)
    const start = afterSpace(text, afterSpace(text, keyEnd) + 1)
    const innerMembers = key === within && text.charCodeAt(start) === openObject ? membersOf(text, { from: start }) : undefined
    inner = innerMembers ?? inner
    const { end, membersWithin: deeper, depth: below } = innerMembers ?? valueEnd(text, start)
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

/** Finds the items of the list that begins at `from`. `text` must be valid JSON with a list there. */
export function itemsOf(text: string, from = 0): readonly Place[] {
  const items: Place[] = []
  walkItems(text, from, (start) => {
    const end = endOf(text, start)
    items.push({ start, end })
    return end
  })
  return items
}

/**
 * Calls `endOfItem` with the start of each item of a list. It returns the item's end, or undefined to stop the walk.
 */
export function walkItems(text: string, from: number, endOfItem: (start: number, index: number) => number | undefined): void {
  let at = afterSpace(text, afterSpace(text, from) + 1)
  for (let index = 0; text.charCodeAt(at) !== closeList; index++) {
    const end = endOfItem(at, index)
    if (end === undefined) return
    at = afterSpace(text, end)
    if (text.charCodeAt(at) === comma) at = afterSpace(text, at + 1)
  }
}

/** Where the value that begins at `start` ends. */
export const endOf = (text: string, start: number): number => valueEnd(text, start).end

function afterSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

const shortStringChars = 24

/** The index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  // Most strings are short: this loop finds their end at less cost than a call of indexOf.
  for (let at = from + 1; at < from + shortStringChars; at++) {
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
  let at = quote - 1
  while (text.charCodeAt(at) === backslash) at--
  return (quote - at) % 2 === 0
}

/** The value of the string literal from `start` to `end`. */
function stringAt(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1)
  return inner.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inner
}

const numberPattern = /-?\d[\d.eE+-]*/g

/**
 * The same JSON with other strings and numbers. `changeString` gets and returns the value of a string; `changeNumber`
 * gets and returns the JSON of a number. What they do not change stays as it was written.
 */
export function withScalars(text: string, changeString: (value: string) => string, changeNumber: (json: string) => string): string {
  const changeNumbersIn = (start: number, end?: number) => text.slice(start, end).replaceAll(numberPattern, changeNumber)
  let json = ''
  let from = 0
  for (let quote = text.indexOf('"'); quote !== -1; quote = text.indexOf('"', from)) {
    const end = stringEnd(text, quote)
    const value = stringAt(text, quote, end)
    const newValue = changeString(value)
    json += changeNumbersIn(from, quote) + (newValue === value ? text.slice(quote, end) : JSON.stringify(newValue))
    from = end
  }
  return json + changeNumbersIn(from)
}

/** Where a value ends, and what is in it. */
interface ScannedValue {
  readonly end: number
  readonly membersWithin: number
  readonly depth: number
}

function valueEnd(text: string, from: number): ScannedValue {
  const firstCode = text.charCodeAt(from)
  if (firstCode === quoteCode) return { end: stringEnd(text, from), membersWithin: 0, depth: 0 }
  if (firstCode === openObject || firstCode === openList) return nestedEnd(text, from)
  let at = from
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++
  return { end: at, membersWithin: 0, depth: 0 }
}

const endsScalar = (code: number): boolean => code === comma || code === closeObject || code === closeList || isSpace(code)

function nestedEnd(text: string, from: number): ScannedValue {
  let depth = 0
  let maxDepth = 0
  /** Each member has one colon outside of strings. */
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

/** JSON.parse reads JSON that is nested too deeply to be walked or written. No honest message has so many levels. */
export const MAX_LEVELS = 512

/**
 * Whether a whole message has more than `MAX_LEVELS` levels. A short text, as most are, cannot have them and is not
 * scanned. `text` must be valid JSON, an object or a list.
 */
export const isTooDeep = (text: string): boolean => text.length > 2 * MAX_LEVELS && nestedEnd(text, afterSpace(text, 0)).depth > MAX_LEVELS
