import { BUCKETS } from './snapshot.ts'

/** A person's id as `decide` uses it. It is made once per token, so that no decision has to parse an id. */
export interface Subject {
  readonly id: string
  /** The number of the person's bucket: the last 12 bits of the id. */
  readonly bucket: number
  /** The id as four 32-bit words, big-endian. */
  readonly words: readonly [number, number, number, number]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Reads an id. Undefined when the text is no lower-case UUID. */
export function subjectOf(id: string): Subject | undefined {
  if (!uuid.test(id)) return undefined
  const hex = id.replaceAll('-', '')
  const word = (at: number) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16)
  const words = [word(0), word(1), word(2), word(3)] as const
  return { id, bucket: words[3] & (BUCKETS - 1), words }
}
