import { networkHash } from '@bir/sdk/binding'
import type { Settings } from '@bir/sdk/contract/settings'
import { readUserAgent } from '@bir/sdk/user-agent'
import type { SessionRow } from './life.ts'
import { storedText } from './start-session.ts'

/** Who sends a request, as far as a server sees it. */
export interface Sender {
  address: string
  userAgent: string | undefined
}

export type SenderFault = 'binding-network' | 'binding-user-agent'
type Bound = Pick<SessionRow, 'sid' | 'ip' | 'user_agent'>
type Binding = Pick<Settings, 'binding' | 'bindingNetwork'>

/** Whether the address is of the network in which the session began. Two that nobody can tell are not the same. */
export function isOfNetwork({ sid, ip }: Bound, address: string, { bindingNetwork }: Binding): boolean {
  const network = networkHash(sid, address, bindingNetwork)
  return network !== undefined && network === networkHash(sid, ip ?? '', bindingNetwork)
}

/**
 * How the cookie of a browser's session is used by another than whom it was given to, as far as the settings ask for
 * that. Of a browser its own name counts, as all of them begin with the same product, and never its version. Where
 * nobody could tell the address when the session began, it holds only against senders with an address: a browser must
 * not be led to sign in again and again.
 */
export function browserFault(row: Bound, { address, userAgent }: Sender, settings: Binding): SenderFault | undefined {
  const { binding, bindingNetwork } = settings
  const asksNetwork = binding === 'ip' || binding === 'both'
  const isHiddenAsBefore = [address, row.ip ?? ''].every((text) => networkHash(row.sid, text, bindingNetwork) === undefined)
  if (asksNetwork && !isHiddenAsBefore && !isOfNetwork(row, address, settings)) return 'binding-network'
  const asksProgram = binding === 'user-agent' || binding === 'both'
  const sent = storedText(userAgent)
  return asksProgram && programOf(sent) !== programOf(row.user_agent) ? 'binding-user-agent' : undefined
}

const programOf = (userAgent: string | null): string => readUserAgent(userAgent ?? '').program.toLowerCase()
