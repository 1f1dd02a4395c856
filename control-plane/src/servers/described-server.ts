import type { Api } from '@bir/sdk/contract/api'
import type { FileServer } from '@bir/sdk/contract/policy-file'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import type { ServerRow } from '../policy-rows/types.ts'

type ServerInput = z.output<Api['servers']['put']['input']>
/** A server as a policy file describes it, in full. */
export type DescribedServer = FileServer & { id: string }

/**
 * The whole description of a server that an input describes in part: what is absent comes from the row in force.
 * Refuses an input that would leave the labels, the headers or another field to a server at a new address.
 */
export function describedServer({ id, ...input }: ServerInput, existing: ServerRow | undefined): DescribedServer {
  const named = definedIn(input)
  const stored = existing?.kind === input.kind ? storedFields(existing) : {}
  const unnamed = Object.keys(stored).filter((key) => !(key in named))
  if ('url' in stored && stored.url !== named.url && unnamed.length > 0) {
    throw new ApiError(
      'invalid_input',
      `${id} gets another address, and a server at another address is another server: name ${unnamed.join(', ')} too, as it shall be there.`,
    )
  }
  return { id, ...(withoutNulls({ ...stored, ...named }) as FileServer) }
}

/** The fields of a row that differ from their defaults, as a policy file names them. */
export function storedFields({ kind, title, settings, labels, secret }: ServerRow): Record<string, unknown> {
  const described = {
    ...(title === null ? {} : { title }),
    ...(Object.keys(labels).length === 0 ? {} : { tools: labels }),
    ...(secret === null ? {} : { secret }),
  }
  if (kind === 'remote') return { kind, ...described, ...settings }
  return { kind, ...described, ...(Object.keys(settings).length === 0 ? {} : { settings }) }
}

const definedIn = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
const withoutNulls = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
