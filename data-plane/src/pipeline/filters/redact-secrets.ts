import { redact, redactLong } from '../../secrets/redact.ts'
import type { Ports } from '../call/ports.ts'
import { isLong } from './outgoing.ts'
import type { OutgoingFilter } from './outgoing.ts'

/**
 * Hides the secrets that the gateway sent to a server in everything that this server says, whatever it echoes and
 * wherever.
 */
export function redactSecrets({ secrets }: Pick<Ports, 'secrets'>): OutgoingFilter {
  return function redactSecrets(outgoing, { server }) {
    const { values } = secrets.of(server)
    return isLong(outgoing) ? redactLong(outgoing, values) : redact(outgoing, values)
  }
}
