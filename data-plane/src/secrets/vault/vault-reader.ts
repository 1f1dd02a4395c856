import { setTimeout as delay } from 'node:timers/promises'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import { isTokenRefused } from '@bir/sdk/vault/fault'
import type { VaultAnswer, VaultFault } from '@bir/sdk/vault/fault'
import { mountPath, readMount, readPath, readSecret } from '@bir/sdk/vault/kv'
import type { KvMount } from '@bir/sdk/vault/kv'
import type { VaultAccess } from '@bir/sdk/vault/settings'
import type { Log } from '../../runtime/log.ts'
import { unreadable } from '../reader.ts'
import type { SecretReader } from '../reader.ts'
import { unavailable, VaultClient } from './vault-client.ts'
import { VaultIdentity } from './vault-identity.ts'

/** A node of a cluster that has not caught up does so within moments. */
const catchUpMs = 200

/**
 * Reads secrets from Vault or OpenBao (KV version 1 or 2) with a read-only identity of this plane's own, so also while
 * the control plane is away. The number of a version is the gateway's: what lies in Vault now is what is read.
 */
export class VaultReader implements SecretReader {
  private readonly client: VaultClient
  private readonly identity: VaultIdentity
  private readonly mount: string
  private kv: Promise<KvMount> | undefined

  /** Throws when the file of the authorities cannot be read. */
  constructor(access: VaultAccess, log: Log) {
    this.client = new VaultClient(access)
    this.identity = new VaultIdentity({ client: this.client, auth: access.auth, log })
    this.mount = access.mount
  }

  async read(place: SecretPlace): Promise<SecretFields | undefined> {
    const found = await this.tryRead(place)
    if (!('kind' in found)) return 'none' in found ? undefined : found.fields
    if (found.kind === 'malformed') throw unreadable()
    if (!found.retryable || found.kind === 'rate_limited' || found.kind === 'sealed') throw unavailable(found)
    // The engine has another version than it had, or this node has not caught up.
    this.kv = undefined
    await delay(catchUpMs * (0.5 + Math.random()))
    const again = await this.tryRead(place)
    if ('kind' in again) throw unavailable(again)
    return 'none' in again ? undefined : again.fields
  }

  async close(): Promise<void> {
    this.identity.close()
    await this.client.close()
  }

  private async tryRead(place: SecretPlace): Promise<ReturnType<typeof readSecret>> {
    const mount = await this.mounted()
    return readSecret(mount, await this.get(readPath(mount, secretPath(place))))
  }

  /** Asked once, until a read shows that it changed. */
  private mounted(): Promise<KvMount> {
    this.kv ??= this.findMount().catch((error: unknown) => {
      this.kv = undefined
      throw error
    })
    return this.kv
  }

  private async findMount(): Promise<KvMount> {
    const found: KvMount | VaultFault = readMount(await this.get(mountPath(this.mount)), this.mount)
    if ('kind' in found) throw unavailable(found)
    return found
  }

  /** Logs in anew when the token is refused: whether it is the token or the policy, the mount tells. */
  private async get(path: string): Promise<VaultAnswer> {
    const token = await this.identity.token()
    const answer = await this.client.ask({ method: 'GET', path, token })
    if (answer.status !== 403 || !(await this.isRefused(path, answer, token))) return answer
    this.identity.refused(token)
    return this.client.ask({ method: 'GET', path, token: await this.identity.token() })
  }

  private async isRefused(path: string, answer: VaultAnswer, token: string): Promise<boolean> {
    const isMount = path === mountPath(this.mount)
    return isTokenRefused(isMount ? answer : await this.client.ask({ method: 'GET', path: mountPath(this.mount), token }))
  }
}
