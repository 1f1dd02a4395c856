import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../call/ports.ts'
import { stopCall } from './decide-again.ts'

/** What a client is told whose call took longer than the plane, which stops, could wait. */
export const planeStopped = (): GatewayError =>
  new GatewayError('unavailable', 'the plane stopped, and the call took longer than DRAIN_MS', {
    reason: 'plane-stopped',
    publicMessage: 'This part of the gateway stops, and did not wait longer for the call. What the call did is not known. Try again.',
  })

/** Ends every call under way: its server is told to stop, and its client gets the refusal. */
export function stopAllCalls({ openCalls }: Pick<Ports, 'openCalls'>, refusal: GatewayError): void {
  for (const [, call] of openCalls) stopCall(call, refusal)
}
