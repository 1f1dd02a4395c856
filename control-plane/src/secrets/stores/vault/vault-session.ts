import { readFile } from 'node:fs/promises'
import { answerFault, logInFault } from '@bir/sdk/vault/fault'
import type { VaultFault } from '@bir/sdk/vault/fault'
import { LOOKUP_PATH, LookupAnswer, logInRequest, renewAfterMs, RENEW_PATH, TokenAnswer } from '@bir/sdk/vault/log-in'
import type { Credential, VaultAuth } from '@bir/sdk/vault/settings'
import type { Log } from '../../../base/log.ts'
import { StoreFault } from '../store.ts'
import type { AskVault } from './vault-client.ts'

/** The longest time that a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1
const renewAgainMs = 30_000

interface SignedIn {
  token: string
  /** In milliseconds since 1970; Infinity for a token without end. */
  untilMs: number
}

/** Our identity at Vault: logs in when a token is needed, renews it before its end, and logs in anew when it must. */
export class VaultSession {
  private readonly auth: VaultAuth
  private readonly ask: AskVault
  private readonly log: Log
  private current: Promise<SignedIn> | undefined
  private renewal: NodeJS.Timeout | undefined
  private isClosed = false

  constructor({ auth, ask, log }: { auth: VaultAuth; ask: AskVault; log: Log }) {
    this.auth = auth
    this.ask = ask
    this.log = log
  }

  /** A token that is good as far as we know. Throws `StoreFault` when the log-in fails. */
  async token(): Promise<string> {
    const known = this.current
    const signedIn = await (known ?? this.logIn())
    if (Date.now() < signedIn.untilMs) return signedIn.token
    if (this.current === known) this.forget()
    return (await this.logIn()).token
  }

  /** Vault does not take this token any more. False: another log-in would give the same one again. */
  async refused(token: string): Promise<boolean> {
    const { auth } = this
    if (auth.method === 'token' && (await textOf(auth.token)) === token) return false
    const held = await this.current?.catch(() => undefined)
    if (held?.token === token) this.forget()
    return true
  }

  close(): void {
    this.isClosed = true
    this.forget()
  }

  private forget(): void {
    this.current = undefined
    clearTimeout(this.renewal)
  }

  /** One log-in for all who wait. A failed one is tried again by the next who needs it. */
  private logIn(): Promise<SignedIn> {
    if (this.current) return this.current
    const attempt = this.signIn()
    this.current = attempt
    attempt.catch(() => {
      if (this.current === attempt) this.forget()
    })
    return attempt
  }

  private async signIn(): Promise<SignedIn> {
    const { auth } = this
    if (auth.method === 'token') return this.lookedUp(await textOf(auth.token))
    const credential = auth.method === 'approle' ? auth.secretId : auth.jwt
    const { path, body } = logInRequest(auth, credential && (await textOf(credential)))
    const answer = await this.ask('POST', path, { body })
    throwFault(logInFault(answer))
    return this.take(answer.body)
  }

  /** A token that was given to us: how long it lives. Its policy may forbid the question, then nobody knows. */
  private async lookedUp(token: string): Promise<SignedIn> {
    const answer = await this.ask('GET', LOOKUP_PATH, { token })
    const fault = answerFault(answer)
    if (fault && fault.kind !== 'permission_denied') throwFault(fault)
    const { data } = LookupAnswer.safeParse(answer.body)
    const { ttl, renewable } = data?.data ?? { ttl: 0, renewable: false }
    if (renewable && ttl > 0) this.renewLater(token, ttl)
    // Whether it is still good at its end Vault will say: the file may have a new one by then.
    return { token, untilMs: Infinity }
  }

  private take(body: unknown): SignedIn {
    const parsed = TokenAnswer.safeParse(body)
    if (!parsed.success) throw new StoreFault('service_error', 'Vault answers our log-in without a token: check VAULT_AUTH_MOUNT.')
    const { client_token: token, lease_duration: leaseS, renewable } = parsed.data.auth
    if (renewable && leaseS > 0) this.renewLater(token, leaseS)
    return { token, untilMs: leaseS === 0 ? Infinity : Date.now() + leaseS * 1000 }
  }

  private renewLater(token: string, leaseS: number): void {
    this.wait(renewAfterMs(leaseS), token)
  }

  private wait(delayMs: number, token: string): void {
    if (this.isClosed) return
    clearTimeout(this.renewal)
    this.renewal = setTimeout(() => void this.renew(token), Math.min(delayMs, maxTimerMs))
    this.renewal.unref()
  }

  private async renew(token: string): Promise<void> {
    const held = await this.current?.catch(() => undefined)
    if (held?.token !== token || this.isClosed) return
    try {
      const answer = await this.ask('POST', RENEW_PATH, { token, body: {} })
      throwFault(answerFault(answer))
      const renewed = this.take(answer.body)
      this.current = Promise.resolve(this.auth.method === 'token' ? { token, untilMs: Infinity } : { ...renewed, token })
    } catch (error) {
      this.notRenewed(token, error)
    }
  }

  /** While Vault is away the token may still be good: it is tried again. Else the next who needs one logs in. */
  private notRenewed(token: string, error: unknown): void {
    const fault = error instanceof StoreFault ? error : undefined
    this.log('warn', 'vault-token-not-renewed', { fault: fault?.kind ?? 'unknown', why: fault?.message })
    if (fault?.retryable) this.wait(renewAgainMs, token)
    else this.forget()
  }
}

function throwFault(fault: VaultFault | undefined): void {
  if (fault) throw new StoreFault(fault.kind, fault.says, { retryable: fault.retryable })
}

async function textOf(credential: Credential): Promise<string> {
  if ('text' in credential) return credential.text
  const text = await readFile(credential.file, 'utf8').catch(() => undefined)
  if (text === undefined || text.trim() === '')
    throw new StoreFault('signed_out', `The file ${credential.file}, which holds our credential for Vault, cannot be read or is empty.`)
  return text.trim()
}
