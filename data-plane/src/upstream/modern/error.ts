import type { Answer } from './call.ts'
import { HEADER_MISMATCH, UNSUPPORTED_VERSION } from '../../protocol/facts/rpc-codes.ts'
import { protocolFault, eraFault } from '../faults.ts'

type ErrorAnswer = Extract<Answer, { kind: 'error' }>

/** The error to give the client for an error of the server. Errors about our own request become server faults. */
export function clientErrorOf({ error, withoutId }: ErrorAnswer): Error {
  if (error.code === HEADER_MISMATCH) return protocolFault('it refuses headers that say what the body says')
  if (error.code === UNSUPPORTED_VERSION) return eraFault('it refuses the revision it was found to speak')
  // A modern server names the request it refuses. A server that cannot read the request is of another era.
  if (withoutId) return eraFault(`error ${error.code} for a request it could not read`)
  return error
}
