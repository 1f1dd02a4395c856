import { BUCKETS } from './snapshot.ts'

/** A person's UUIDv7 as four words, made once per token so that no decision parses or hashes anything. */
export interface Subject {
  readonly id: string
  /** The last 12 bits: which bucket of `principals` holds this person. */
  readonly bucket: number
  readonly words: readonly [number, number, number, number]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Undefined when the text is no lower-case UUID. */
export function subjectOf(id: string): Subject | undefined {
  if (!uuid.test(id)) return undefined
  const hex = id.replaceAll('-', '')
  const word = (at: number) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16)
  const words = [word(0), word(1), word(2), word(3)] as const
  return { id, bucket: words[3] & (BUCKETS - 1), words }
}
