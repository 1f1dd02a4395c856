import { GatewayError } from '@bir/sdk/contract/errors'
import type { Rendered, Audited, Incoming } from '../call/types.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

/**
 * Refuses a message with a name that a server could read as another one (`NAME` beside `name`). What the policy
 * decides on is then what every server reads. The record says who tried, and what.
 */
export function refuseLookAlikes<R extends Rendered>(call: Incoming & Audited, next: (adds: object) => Awaitable<R>): Awaitable<R> {
  const { nameFault } = call
  if (!nameFault) return next({})
  call.note.argsText = JSON.stringify(call.params)
  throw new GatewayError(nameFault.code, nameFault.message, { publicMessage: nameFault.message, reason: 'look-alike-name' })
}
