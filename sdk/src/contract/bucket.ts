import type { BucketChunk, Selection } from './snapshot.ts'
import { DISABLED_FLAG } from './snapshot.ts'
import type { Subject } from './subject.ts'

/** A bucket of people as typed arrays: a million people cost about 100 MB and no garbage. */
export interface Bucket {
  /** Four big-endian words a person, sorted. */
  readonly ids: Uint32Array
  readonly classOf: Uint16Array
  readonly flags: Uint8Array
  readonly classes: readonly string[]
  readonly handles: string
  readonly selections: ReadonlyMap<number, ReadonlyMap<string, Selection>>
}

/** Throws when the columns do not agree with each other: such a snapshot is refused whole. */
export function readBucket(chunk: BucketChunk): Bucket {
  const bytes = decode(chunk.ids)
  const people = bytes.length / 16
  const view = new DataView(bytes.buffer)
  const ids = Uint32Array.from({ length: people * 4 }, (_, at) => view.getUint32(at * 4))
  const classBytes = decode(chunk.classOf)
  const classView = new DataView(classBytes.buffer)
  const classOf = Uint16Array.from({ length: classBytes.length / 2 }, (_, at) => classView.getUint16(at * 2, true))
  const flags = decode(chunk.flags)
  const lines = chunk.handles === '' ? 0 : chunk.handles.split('\n').length

  const agree = Number.isInteger(people) && classOf.length === people && flags.length === people && lines === people
  if (!agree || classOf.some((index) => index >= chunk.classes.length)) throw new Error('a bucket of principals has columns that disagree')

  const selections = new Map(Object.entries(chunk.selections ?? {}).map(([at, of]) => [Number(at), new Map(Object.entries(of))]))
  return { ids, classOf, flags, classes: chunk.classes, handles: chunk.handles, selections }
}

/** The person's position, or -1. Binary search over words: no allocation. */
export function positionIn(bucket: Bucket, { words }: Subject): number {
  let low = 0
  let high = bucket.ids.length / 4 - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(bucket.ids, middle * 4, words)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

export const isDisabled = (bucket: Bucket, position: number): boolean => ((bucket.flags[position] ?? DISABLED_FLAG) & DISABLED_FLAG) !== 0

export const handleAt = (bucket: Bucket, position: number): string => bucket.handles.split('\n')[position] ?? ''

function compare(ids: Uint32Array, at: number, words: Subject['words']): number {
  for (let index = 0; index < 4; index++) {
    const difference = (ids[at + index] ?? 0) - (words[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
