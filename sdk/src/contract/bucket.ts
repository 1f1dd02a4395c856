import { readSecretColumn } from './bucket-secrets.ts'
import type { SecretColumn } from './bucket-secrets.ts'
import type { BucketChunk, SecretEntry, Selection } from './snapshot.ts'
import { DISABLED_FLAG } from './snapshot.ts'
import type { Subject } from './subject.ts'

/**
 * The people of one bucket in typed arrays. A million people take about 100 MB, and looking one up allocates nothing.
 */
export interface Bucket {
  /**
   * Five words per person, sorted by the first four: the id as four big-endian words, then the index of the class,
   * shifted left by eight bits, with the flags in the low byte.
   */
  readonly people: Uint32Array
  /** Class keys, by index. */
  readonly classes: readonly string[]
  /** One line per person. */
  readonly handles: string
  /** By the person's position, then by server. */
  readonly selections: ReadonlyMap<number, ReadonlyMap<string, Selection>>
  /** The secrets of people's own; undefined when nobody here has one. */
  readonly secrets: SecretColumn | undefined
}

const wordsPerPerson = 5
/** Set for people with a selection, in memory alone. It spares the look-up in `selections` for everybody else. */
const selectedFlag = 2

/** Returns one shared string for equal class keys, so that 4,096 buckets do not keep copies. */
export type ShareKey = (key: string) => string

/** Reads a bucket. Throws when its columns have different lengths; then the whole snapshot must be refused. */
export function readBucket(chunk: BucketChunk, share: ShareKey = (key) => key): Bucket {
  const ids = decode(chunk.ids)
  const classOf = decode(chunk.classOf)
  const flags = decode(chunk.flags)
  const count = ids.byteLength / 16
  const isConsistent =
    Number.isInteger(count) && classOf.byteLength === count * 2 && flags.byteLength === count && linesOf(chunk.handles) === count
  if (!isConsistent) throw inconsistent()

  const selections = new Map(
    Object.entries(chunk.selections ?? {}).map(([at, byServer]) => [Number(at), new Map(Object.entries(byServer))]),
  )
  const people = new Uint32Array(count * wordsPerPerson)
  for (let at = 0; at < count; at++) {
    const classIndex = classOf.getUint16(at * 2, true)
    if (classIndex >= chunk.classes.length) throw inconsistent()
    for (let word = 0; word < 4; word++) people[at * wordsPerPerson + word] = ids.getUint32(at * 16 + word * 4)
    if ((flags.getUint8(at) & ~DISABLED_FLAG) !== 0) throw new Error('people have flags that this version does not know: update it')
    people[at * wordsPerPerson + 4] = (classIndex << 8) | (flags.getUint8(at) & DISABLED_FLAG) | (selections.has(at) ? selectedFlag : 0)
  }
  const secrets = chunk.secrets === undefined ? undefined : readSecretColumn(decode(chunk.secrets), chunk.secretServers ?? [], count)
  return { people, classes: chunk.classes.map(share), handles: chunk.handles, selections, secrets }
}

/** The person's position in the bucket, or -1 for an unknown person. A binary search that allocates nothing. */
export function positionIn({ people }: Bucket, { words }: Subject): number {
  let low = 0
  let high = people.length / wordsPerPerson - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(people, middle * wordsPerPerson, words)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Is the person disabled? True for position -1, too. */
export const isDisabled = ({ people }: Bucket, position: number): boolean =>
  ((people[position * wordsPerPerson + 4] ?? DISABLED_FLAG) & DISABLED_FLAG) !== 0

/** The class of the person at a position; empty for position -1. */
export const classKeyAt = ({ people, classes }: Bucket, position: number): string =>
  classes[(people[position * wordsPerPerson + 4] ?? 0) >>> 8] ?? ''

/** What the person at a position has switched off, by server. Undefined when it is nothing. */
export const selectionAt = ({ people, selections }: Bucket, position: number): ReadonlyMap<string, Selection> | undefined =>
  ((people[position * wordsPerPerson + 4] ?? 0) & selectedFlag) === 0 ? undefined : selections.get(position)

/** What the policy says of the secret that the person at a position has of their own for a server. */
export const secretAt = ({ secrets }: Bucket, position: number, server: string): SecretEntry | undefined => secrets?.of(position, server)

/** The handle of the person at a position; empty for position -1. */
export const handleAt = (bucket: Bucket, position: number): string => bucket.handles.split('\n')[position] ?? ''

function compare(people: Uint32Array, at: number, words: Subject['words']): number {
  for (let index = 0; index < 4; index++) {
    const difference = (people[at + index] ?? 0) - (words[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const linesOf = (text: string) => (text === '' ? 0 : text.split('\n').length)

const inconsistent = () => new Error('a bucket of principals has columns that disagree')

function decode(base64: string): DataView {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return new DataView(bytes.buffer)
}
