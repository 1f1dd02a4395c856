import { readFile } from 'node:fs/promises'
import { answerFault, logInFault, vaultFault } from '@bir/sdk/vault/fault'
import type { VaultAnswer } from '@bir/sdk/vault/fault'
import { logInRequest, LOOKUP_PATH, LookupAnswer, RENEW_PATH, renewAfterMs, TokenAnswer } from '@bir/sdk/vault/log-in'
import type { Credential, VaultAuth } from '@bir/sdk/vault/settings'
import type { Log } from '../../runtime/log.ts'
import { StoreUnavailable } from '../reader.ts'
import { unavailable } from './vault-client.ts'
import type { VaultClient } from './vault-client.ts'

/** A log-in or a renewal that failed is tried again after this time, longer each time. */
const retry = { firstMs: 1_000, maxMs: 60_000 }

/** A token, and how long it lives. */
interface Lease {
  readonly token: string
  /** In seconds. 0: for ever. */
  readonly leaseS: number
  readonly isRenewable: boolean
}

interface Options {
  readonly client: Pick<VaultClient, 'ask'>
  readonly auth: VaultAuth
  readonly log: Log
  readonly random?: () => number
}

/**
 * Who this plane is at Vault. It logs in when a token is first needed, renews the token before its end, and logs in
 * anew where it cannot be renewed or is not good any more.
 */
export class VaultIdentity {
  private readonly client: Pick<VaultClient, 'ask'>
  private readonly auth: VaultAuth
  private readonly log: Log
  private readonly random: () => number
  private lease: Lease | undefined
  private loggingIn: Promise<Lease> | undefined
  private timer: NodeJS.Timeout | undefined
  private failures = 0
  private isClosed = false

  constructor({ client, auth, log, random = Math.random }: Options) {
    this.client = client
    this.auth = auth
    this.log = log
    this.random = random
  }

  /** Rejects with `StoreUnavailable` when Vault does not let this plane in. */
  async token(): Promise<string> {
    return (this.lease ?? (await this.logIn())).token
  }

  /** Vault does not take this token any more. */
  refused(token: string): void {
    if (this.lease?.token === token) this.lease = undefined
  }

  close(): void {
    this.isClosed = true
    clearTimeout(this.timer)
  }

  /** Once at a time. */
  private logIn(): Promise<Lease> {
    this.loggingIn ??= this.logInNow().finally(() => (this.loggingIn = undefined))
    return this.loggingIn
  }

  private async logInNow(): Promise<Lease> {
    const lease = this.auth.method === 'token' ? await this.lookUp(await read(this.auth.token)) : await this.introduce(this.auth)
    this.keep(lease)
    return lease
  }

  private async introduce(auth: Exclude<VaultAuth, { method: 'token' }>): Promise<Lease> {
    const credential = auth.method === 'approle' ? auth.secretId : auth.jwt
    const { path, body } = logInRequest(auth, credential && (await read(credential)))
    const answer = await this.client.ask({ method: 'POST', path, body })
    const fault = logInFault(answer)
    if (fault) throw unavailable(fault)
    return leaseIn(answer)
  }

  private async lookUp(token: string): Promise<Lease> {
    const answer = await this.client.ask({ method: 'GET', path: LOOKUP_PATH, token })
    const fault = answer.status === 403 ? tokenRefused : answerFault(answer)
    if (fault) throw unavailable(fault)
    const { data } = LookupAnswer.safeParse(answer.body)
    if (!data) throw unavailable(strangeAnswer)
    return { token, leaseS: data.data.ttl, isRenewable: data.data.renewable }
  }

  private keep(lease: Lease): void {
    this.lease = lease
    this.failures = 0
    if (lease.leaseS > 0) this.after(renewAfterMs(lease.leaseS, this.random))
  }

  private after(ms: number): void {
    clearTimeout(this.timer)
    // A timer holds no more than 32 bits.
    if (!this.isClosed) this.timer = setTimeout(() => void this.goOn().catch(() => undefined), Math.min(ms, 2 ** 31 - 1)).unref()
  }

  /** Before the token ends: another end, or another token. Until then the old one is used. */
  private async goOn(): Promise<void> {
    try {
      if (!(await this.renewed())) await this.logIn()
    } catch (error) {
      this.failures++
      const waitMs = Math.min(retry.maxMs, retry.firstMs * 2 ** this.failures) * (0.5 + this.random())
      this.log('warn', 'the token of Vault could not be renewed', {
        why: error instanceof StoreUnavailable ? error.message : 'a mistake of ours',
      })
      this.after(waitMs)
    }
  }

  /** False when the token cannot be renewed, or not for long enough. */
  private async renewed(): Promise<boolean> {
    const { lease } = this
    if (!lease?.isRenewable) return false
    const answer = await this.client.ask({ method: 'POST', path: RENEW_PATH, token: lease.token, body: {} })
    const fault = answerFault(answer)
    if (fault?.retryable) throw unavailable(fault)
    if (fault) return false
    const next = leaseIn(answer)
    // Near the end of all renewals Vault gives less each time.
    if (next.leaseS > 0 && next.leaseS < lease.leaseS / 2 && this.auth.method !== 'token') return false
    if (this.lease === lease) this.keep({ ...next, token: lease.token, leaseS: next.leaseS })
    return true
  }
}

const tokenRefused = vaultFault(
  'signed_out',
  'Vault refuses the token of this plane: VAULT_TOKEN is wrong, or it has expired. Give a new one.',
)
const strangeAnswer = vaultFault('service_error', 'Vault answers a log-in with something else: check VAULT_ADDR and what lies before it.')

function leaseIn({ body }: VaultAnswer): Lease {
  const { data } = TokenAnswer.safeParse(body)
  if (!data) throw unavailable(strangeAnswer)
  const { client_token: token, lease_duration: leaseS, renewable: isRenewable } = data.auth
  return { token, leaseS, isRenewable }
}

/** The file is read at each log-in: whoever rotates the credential writes it there. */
async function read(credential: Credential): Promise<string> {
  if ('text' in credential) return credential.text
  try {
    return (await readFile(credential.file, 'utf8')).trim()
  } catch {
    throw new StoreUnavailable(`The file ${credential.file}, with which this plane logs in to Vault, cannot be read.`)
  }
}
