import { ToolError } from '@bir/sdk/contract/errors'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { ProxyFor } from '@bir/sdk/proxies'
import { GATEWAY_IDENTITY } from '../../protocol/facts/gateway-identity.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { fieldOf } from '../../secrets/field-of.ts'
import type { ProveOptions } from '../../server-kit/secret/define-secret.ts'
import { CredentialFault, UnreachableFault } from '../faults.ts'
import { UpstreamFault } from '../upstream.ts'
import type { Asker } from '../upstream.ts'
import { RemoteUpstream } from './remote-upstream.ts'

const callTimeoutMs = 10_000

const asker: Asker = { person: 'proof', session: undefined, client: { capabilities: {}, info: GATEWAY_IDENTITY, logLevel: undefined } }

/**
 * Tries a secret at a remote MCP server: introduces itself with it, and reads the list of tools, because some servers
 * introduce themselves to anybody. A server that asks nobody for a secret takes any. Never says whose it is: the
 * protocol has no such question.
 */
export async function proveRemote(
  settings: object,
  fields: SecretFields,
  { signal, readSecret }: Pick<ProveOptions, 'signal' | 'readSecret'>,
  proxyFor?: ProxyFor,
): Promise<SecretVerdict> {
  const { data: remote } = RemoteSettings.safeParse(settings)
  // It may be a server of a later version, inside the gateway, whose secret is sent otherwise.
  if (!remote || Object.values(remote.headers).every((value) => typeof value === 'string'))
    return { verdict: 'service_error', says: 'This data plane does not know how the server takes its secret: update it.' }
  const upstream = new RemoteUpstream({
    id: 'proof',
    settings: remote,
    readSecret: (ref) => (ref.of === 'person' || Object.hasOwn(fields, ref.secret) ? fieldOf(fields, ref) : readSecret(ref)),
    // What it says of the secret is for nobody's log.
    log: () => undefined,
    proxyFor,
    isPersonal: true,
    nodeId: 'proof',
    callTimeoutMs,
  })
  const cancel = new Cancel()
  const giveUp = () => cancel.abort(new Error('the check took too long'))
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const { capabilities } = await upstream.describe(asker)
    if (capabilities['tools'] !== undefined)
      await upstream.request({ ...asker, method: 'tools/list', params: {}, onNotification: () => undefined, cancel })
    return { verdict: 'ok', says: 'The MCP server accepts it.' }
  } catch (error) {
    return verdictOf(error)
  } finally {
    signal.removeEventListener('abort', giveUp)
    await upstream.endSession(asker)
    await upstream.close()
  }
}

/** Nothing of the server's words is repeated. */
function verdictOf(error: unknown): SecretVerdict {
  if (error instanceof ToolError) return { verdict: 'invalid', says: `${error.message} ${error.hint ?? ''}`.trim() }
  if (error instanceof CredentialFault)
    return error.status === 403
      ? { verdict: 'insufficient_scope', says: 'The MCP server knows the secret, and does not let it list the tools.' }
      : { verdict: 'invalid', says: 'The MCP server does not accept the secret: it is wrong, or it was revoked.' }
  if (!(error instanceof UpstreamFault))
    return { verdict: 'service_error', says: 'The MCP server answers the check with an error. Try again later.' }
  const says = `${error.publicMessage} The secret was not checked: try again later.`
  if (error.code === 'secret_invalid')
    return { verdict: 'invalid', says: 'The secret cannot be sent in a header: it has characters that no header may have.' }
  if (error.code === 'rate_limited') return { verdict: 'rate_limited', says }
  return { verdict: error instanceof UnreachableFault || error.code === 'timed_out' ? 'unreachable' : 'service_error', says }
}
