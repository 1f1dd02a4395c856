import { MAX_LEVELS } from './scan.ts'

const maxValues = 250_000
/**
 * Ways in which members follow each other. For each new one JSON.parse makes a hidden class, at microseconds each.
 * They are counted by a hash of 32 bits: of so many a few meet by chance, so the limit may come a few members late.
 */
const maxShapes = 20_000
const maxHashedBytes = 64
/** A shorter text cannot exceed any of the limits. */
const minBytes = 2 * MAX_LEVELS

const quote = 34
const comma = 44
const colon = 58
const openList = 91
const backslash = 92
const closeList = 93
const openObject = 123
const closeObject = 125

/** Nobody outside knows it, so nobody can choose keys that hash alike. */
const seed = Math.floor(Math.random() * 2 ** 32) | 0
const shapeAt = new Int32Array(MAX_LEVELS + 1)

/**
 * Why these bytes, if they are JSON, would take JSON.parse too long, or make a value that is too deep; undefined for
 * anything that a client has a reason to send. The bytes are walked once and nothing is made of them: this costs a
 * fraction of what it saves. What is no JSON is left to JSON.parse.
 */
export function excessIn(bytes: Uint8Array): string | undefined {
  if (bytes.length < minBytes) return undefined
  const shapes = new Set<number>()
  const text: ScannedString = { end: 0, hash: undefined }
  let longKeys = 0
  let values = 1
  let level = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      scanString(bytes, at + 1, text)
      at = text.end
    } else if (byte === colon) {
      if (text.hash === undefined) longKeys++
      else shapes.add((shapeAt[level] = mix(shapeAt[level] ?? 0, text.hash)))
      if (shapes.size + longKeys > maxShapes) return `The body has more than ${maxShapes} different members.`
    } else if (byte === comma) {
      values++
    } else if (byte === openObject || byte === openList) {
      values++
      if (++level > MAX_LEVELS) return `The body is nested more than ${MAX_LEVELS} levels deep.`
      shapeAt[level] = seed
    } else if ((byte === closeObject || byte === closeList) && level > 0) {
      level--
    }
    if (values > maxValues) return `The body has more than ${maxValues} values.`
  }
  return undefined
}

interface ScannedString {
  /** Where the closing quote is; where the bytes end, if there is none. */
  end: number
  /** Undefined for a long string, which few keys are. */
  hash: number | undefined
}

const mix = (hash: number, more: number): number => Math.imul(hash ^ more, 0x01000193)

/** Writes into `found`, so that a body of many strings makes no garbage. */
function scanString(bytes: Uint8Array, from: number, found: ScannedString): void {
  const longFrom = Math.min(from + maxHashedBytes, bytes.length)
  let hash = seed
  let at = from
  for (; at < longFrom; at++) {
    const byte = bytes[at] ?? quote
    if (byte === quote) break
    hash = mix(hash, byte)
    if (byte === backslash) hash = mix(hash, bytes[++at] ?? quote)
  }
  const isShort = at < longFrom
  found.hash = isShort ? hash : undefined
  found.end = isShort ? at : endOfLongString(bytes, at)
}

function endOfLongString(bytes: Uint8Array, from: number): number {
  // Most long strings have no escaped quote. Those that do may have millions: for them a call each would be too much.
  const end = bytes.indexOf(quote, from)
  if (end === -1) return bytes.length
  if (!bytes.subarray(from, end).includes(backslash)) return end
  let at = from
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}
