import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Log } from '../../runtime/log.ts'
import type { ServerSecrets } from '../../secrets/in-use.ts'
import { HeaderSource } from './header-source.ts'
import { HttpPool } from './pool.ts'
import type { ProxyFor } from '@bir/sdk/proxies'

/** The secrets that a server was sent, and the way to keep them hidden while it may repeat them. */
type SentSecrets = Pick<ServerSecrets, 'values' | 'hold'>

/** A remote server, as the policy describes it. */
export interface RemoteServer {
  /** The server's id in the policy. */
  readonly id: string
  readonly settings: RemoteSettings
  readonly readSecret: (ref: SecretRef) => Promise<string>
  /** Absent where no secret is sent. */
  readonly sentSecrets?: SentSecrets
  readonly log: Log
  /** Absent where every server is reached directly. */
  readonly proxyFor?: ProxyFor | undefined
  /** This plane's id, for other planes. */
  readonly nodeId: string
  /** Its headers hold a secret of one person: what that person's secret meets says nothing of the server. */
  readonly isPersonal?: true
  /** The time limit of the policy. The server's own setting goes before it. */
  readonly callTimeoutMs: number
}

/** The connection to a remote server, which both eras share. Whoever opened it closes its pool. */
export interface RemoteConnection extends RemoteServer {
  readonly url: URL
  readonly pool: HttpPool
  /** The administrator's headers, with secrets filled in. */
  readonly headers: HeaderSource
  readonly sentSecrets: SentSecrets
}

/** Of one person's requests: all that the others have together must not be theirs. */
const limitsOfOne = { connections: 64, maxInFlight: 256 }

const noSecrets: SentSecrets = { values: [], hold: () => () => undefined }

export function openConnection(server: RemoteServer): RemoteConnection {
  const { settings, readSecret, callTimeoutMs, proxyFor, sentSecrets = noSecrets } = server
  return {
    ...server,
    sentSecrets,
    callTimeoutMs: settings.callTimeoutMs ?? callTimeoutMs,
    url: new URL(settings.url),
    pool: new HttpPool({ url: settings.url, privateNetwork: settings.privateNetwork, proxyFor, ...(server.isPersonal && limitsOfOne) }),
    headers: new HeaderSource(settings.headers, readSecret),
  }
}
