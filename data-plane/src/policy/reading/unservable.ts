import { unknownNeeds } from '@bir/sdk/contract/needs'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import type { z } from 'zod'

/** A policy arrived whole and signed, and this plane cannot serve it. The control plane is told the reasons. */
export class Unservable extends Error {
  override readonly name = 'Unservable'
  readonly reasons: string[]
  /** The revision of the policy, once it is known. */
  readonly revision: number | undefined

  constructor(reasons: string[], revision?: number, options?: { cause: unknown }) {
    super(`${revision === undefined ? 'a policy' : `revision ${revision}`} cannot be served: ${reasons.join('; ')}`, options)
    this.reasons = reasons
    this.revision = revision
  }
}

/** Runs `read`, and names the revision in the reason for which a policy cannot be served. */
export async function ofRevision<T>(revision: number, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof Unservable ? new Unservable(error.reasons, revision, { cause: error }) : error
  }
}

/**
 * Reads a chunk or a manifest: members that this plane does not know are left out. Throws `Unservable` when it needs
 * what this plane does not know, or does not fit the schema; `what` names it in the reason.
 */
export function readPart<T>(what: string, value: unknown, schema: z.ZodType<T>): T {
  const unknown = unknownNeeds(value)
  if (unknown.length > 0) throw new Unservable([`${what} needs ${unknown.join(', ')}, which this plane does not know: update the plane`])
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Unservable([`${what} cannot be read: ${schemaFaults(parsed.error)}`], undefined, { cause: parsed.error })
}

/** Takes any error that the content of a policy causes for the reason that it cannot be served. */
export function refusePolicy(cause: unknown): never {
  throw cause instanceof Unservable ? cause : new Unservable([cause instanceof Error ? cause.message : String(cause)], undefined, { cause })
}
