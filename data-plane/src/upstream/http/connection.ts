import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Log } from '../../runtime/log.ts'
import { HeaderSource } from './header-source.ts'
import { HttpPool } from './pool.ts'

export interface RemoteServer {
  /** The server's id in the policy. */
  readonly id: string
  readonly settings: RemoteSettings
  readonly readSecret: (ref: SecretRef) => Promise<string>
  /**
   * Says that something has begun that may be sent secrets of this server; the returned function says that it is over.
   */
  readonly holdSecrets?: () => () => void
  readonly log: Log
  /** Names this process to other planes. */
  readonly nodeId: string
  /** The gateway's own limit; the server's settings may say another. */
  readonly callTimeoutMs: number
}

/**
 * What either era's way to a remote server is made from. Both share the connections and the headers; whoever made the
 * options closes the pool.
 */
export interface RemoteConnection extends RemoteServer {
  readonly url: URL
  readonly pool: HttpPool
  /** The administrator's headers, secrets filled in. */
  readonly headers: HeaderSource
}

export function openConnection(given: RemoteServer): RemoteConnection {
  const { settings, readSecret, callTimeoutMs } = given
  return {
    ...given,
    callTimeoutMs: settings.callTimeoutMs ?? callTimeoutMs,
    url: new URL(settings.url),
    pool: new HttpPool({ url: settings.url, privateNetwork: settings.privateNetwork }),
    headers: new HeaderSource(settings.headers, readSecret),
  }
}
