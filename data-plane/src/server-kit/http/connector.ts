import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { AddressRefused, guardedLookup } from '@bir/sdk/outgoing/guarded-lookup'
import type { AddressGuard } from '@bir/sdk/outgoing/guarded-lookup'
import { openTunnel } from '@bir/sdk/outgoing/proxy-tunnel'
import { mayReach } from '@bir/sdk/outgoing/public-address'
import { buildConnector } from 'undici'
import type { HttpSettings } from './settings.ts'

/** Reads a secret of the gateway. */
export type ReadGatewaySecret = (ref: { secret: string }) => Promise<string>

const connectTimeoutMs = 5_000

/**
 * The administrator names the address, so it may be inside the company. Where clouds keep credentials, no service is.
 */
const guard: AddressGuard = { peer: 'service', admits: (address) => mayReach(address, true) }

/**
 * Connects to a service as its settings say: authorities, client certificate, proxy. The key and the proxy's password
 * are read for each connection, so that a changed one is used from then on.
 */
export function serviceConnector(settings: HttpSettings, readSecret: ReadGatewaySecret): buildConnector.connector {
  const { ca, clientCertificate, proxy } = settings
  /** What a connection is made with. */
  async function prepare({ hostname, port, protocol }: buildConnector.Options) {
    const host = hostname.replace(/^\[|\]$/g, '')
    // Node looks up names only: a literal address never reaches `guardedLookup`.
    if (isIP(host) !== 0 && !guard.admits(host, host)) throw new AddressRefused(`${host} is not an address a service may have`)
    const certificate = clientCertificate && { cert: clientCertificate.certificate, key: await readSecret(clientCertificate.key) }
    const tls = { timeout: connectTimeoutMs, allowH2: false, ...(ca !== undefined && { ca }), ...certificate }
    if (!proxy) return { connect: buildConnector({ ...tls, lookup: guardedLookup(guard, lookup) }), tunnel: undefined }
    const authority = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
    return { connect: buildConnector(tls), tunnel: await openTunnelTo(authority, await proxyOf(proxy, readSecret)) }
  }

  return (options, opened) => {
    const connect = async () => {
      const { connect, tunnel } = await prepare(options)
      if (!tunnel) return connect(options, opened)
      if (options.protocol === 'https:') return connect({ ...options, httpSocket: tunnel }, opened)
      opened(null, tunnel)
    }
    connect().catch((error: Error) => opened(error, null))
  }
}

async function proxyOf({ url, user, password }: NonNullable<HttpSettings['proxy']>, readSecret: ReadGatewaySecret) {
  if (user === undefined) return { url: new URL(url), authorization: undefined }
  const credential = `${user}:${password ? await readSecret(password) : ''}`
  return { url: new URL(url), authorization: `Basic ${Buffer.from(credential).toString('base64')}` }
}

type Tunnel = Parameters<Parameters<typeof openTunnel>[3]>[1]

/** The proxy looks the name up: it alone may know it. */
function openTunnelTo(authority: string, proxy: Parameters<typeof openTunnel>[0]): Promise<NonNullable<Tunnel>> {
  return new Promise((resolve, reject) => {
    openTunnel(proxy, authority, connectTimeoutMs, (error, socket) => (socket ? resolve(socket) : reject(error)))
  })
}
