import type { Fields } from './edit.ts'
import type { VerbatimJson } from './verbatim.ts'

/** An object, and the JSON its sender wrote it in. Parts of `value` may have changed since. */
export interface SourcedObject {
  readonly value: Fields
  readonly source?: VerbatimJson | undefined
}

/** The JSON of the object. What did not change stands as its sender wrote it, byte by byte. */
export const jsonOf = ({ value, source }: SourcedObject): string => source?.toJson(value) ?? JSON.stringify(value)
