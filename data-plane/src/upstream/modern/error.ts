import type { Answer } from './call.ts'
import { protocolFault, eraFault } from '../faults.ts'

export const HEADER_MISMATCH = -32_020
const unsupportedVersion = -32_022

type Failed = Extract<Answer, { kind: 'error' }>

/** What the client may be told of a server's error: errors about our own hop are ours, not the client's. */
export function relayable({ error, nameless }: Failed): Error {
  if (error.code === HEADER_MISMATCH) return protocolFault('it refuses headers that say what the body says')
  if (error.code === unsupportedVersion) return eraFault('it refuses the revision it was found to speak')
  // A modern server names the request it refuses; who cannot read a request is of another era.
  if (nameless) return eraFault(`error ${error.code} for a request it could not read`)
  return error
}
