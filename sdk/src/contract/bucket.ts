import type { BucketChunk, Selection } from './snapshot.ts'
import { DISABLED_FLAG } from './snapshot.ts'
import type { Subject } from './subject.ts'

/** A bucket of people as numbers side by side: a million people cost about 100 MB and no garbage. */
export interface Bucket {
  /** Five words a person, sorted by the first four: the id, big-endian, then the index of the class with the flags in the low byte. All of a person is in one place. */
  readonly people: Uint32Array
  readonly classes: readonly string[]
  readonly handles: string
  readonly selections: ReadonlyMap<number, ReadonlyMap<string, Selection>>
}

const stride = 5
/** Set in memory only: few people selected anything, and the others need not be looked for. */
const selectedFlag = 2

/** Gives the one string there is of a class key, so that 4,096 buckets do not each keep their own. */
export type ShareKey = (key: string) => string

/** Throws when the columns do not agree with each other: such a snapshot is refused whole. */
export function readBucket(chunk: BucketChunk, share: ShareKey = (key) => key): Bucket {
  const ids = decode(chunk.ids)
  const classOf = decode(chunk.classOf)
  const flags = decode(chunk.flags)
  const count = ids.byteLength / 16
  const agree =
    Number.isInteger(count) && classOf.byteLength === count * 2 && flags.byteLength === count && linesOf(chunk.handles) === count
  if (!agree) throw disagreement()

  const selections = new Map(Object.entries(chunk.selections ?? {}).map(([at, of]) => [Number(at), new Map(Object.entries(of))]))
  const people = new Uint32Array(count * stride)
  for (let at = 0; at < count; at++) {
    const ofClass = classOf.getUint16(at * 2, true)
    if (ofClass >= chunk.classes.length) throw disagreement()
    for (let word = 0; word < 4; word++) people[at * stride + word] = ids.getUint32(at * 16 + word * 4)
    people[at * stride + 4] = (ofClass << 8) | (flags.getUint8(at) & DISABLED_FLAG) | (selections.has(at) ? selectedFlag : 0)
  }
  return { people, classes: chunk.classes.map(share), handles: chunk.handles, selections }
}

/** The person's position, or -1. Binary search over words: no allocation. */
export function positionIn({ people }: Bucket, { words }: Subject): number {
  let low = 0
  let high = people.length / stride - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(people, middle * stride, words)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Nobody, at position -1, counts as disabled. */
export const isDisabled = ({ people }: Bucket, position: number): boolean =>
  ((people[position * stride + 4] ?? DISABLED_FLAG) & DISABLED_FLAG) !== 0

export const classKeyAt = ({ people, classes }: Bucket, position: number): string =>
  classes[(people[position * stride + 4] ?? 0) >>> 8] ?? ''

export const selectionAt = ({ people, selections }: Bucket, position: number): ReadonlyMap<string, Selection> | undefined =>
  ((people[position * stride + 4] ?? 0) & selectedFlag) === 0 ? undefined : selections.get(position)

export const handleAt = (bucket: Bucket, position: number): string => bucket.handles.split('\n')[position] ?? ''

function compare(people: Uint32Array, at: number, words: Subject['words']): number {
  for (let index = 0; index < 4; index++) {
    const difference = (people[at + index] ?? 0) - (words[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const linesOf = (text: string) => (text === '' ? 0 : text.split('\n').length)

const disagreement = () => new Error('a bucket of principals has columns that disagree')

function decode(base64: string): DataView {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return new DataView(bytes.buffer)
}
