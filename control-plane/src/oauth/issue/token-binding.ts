import { bindingOf, networkHash, productHash } from '@bir/sdk/binding'
import type { BindingClaim } from '@bir/sdk/binding'
import type { Settings } from '@bir/sdk/contract/settings'
import type { Sender, SenderFault } from '../../sessions/sender.ts'

/**
 * How a token is used by another than whom it was issued to, as far as the settings ask for that (`settings.binding`).
 * The rules are those of the data plane, but for a token whose program had no name of its own: a plane binds it at its
 * first call, and here such calls are too few, over too many replicas.
 */
export function bindingFault(
  { sid, bnd }: { sid: string; bnd?: BindingClaim | undefined },
  { address, userAgent }: Sender,
  { binding, bindingNetwork }: Pick<Settings, 'binding' | 'bindingNetwork'>,
): SenderFault | undefined {
  if (!bnd || binding === 'off') return undefined
  if (binding !== 'user-agent' && networkHash(sid, address, bindingNetwork) !== bnd.ip) return 'binding-network'
  if (binding === 'ip' || bnd.ua === null) return undefined
  return productHash(sid, userAgent) === bnd.ua ? undefined : 'binding-user-agent'
}

/**
 * What a token is bound to that is made of another of the same session: never to less than the other. Where that one
 * names no program yet, the new one names the program that asks.
 */
export function keptBinding(
  sid: string,
  before: BindingClaim,
  sender: Sender,
  { bindingNetwork }: Pick<Settings, 'bindingNetwork'>,
): BindingClaim {
  return { ...before, ua: before.ua ?? bindingOf(sid, sender, bindingNetwork).ua }
}
