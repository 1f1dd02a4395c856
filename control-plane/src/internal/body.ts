import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import type { z } from 'zod'
import { Refusal } from '../base/http.ts'

/** The JSON of a plane's request. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.')
  }
}

/** What a plane says, in the form that it must have. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Refusal(400, 'invalid_request', schemaFaults(result.error))
}
