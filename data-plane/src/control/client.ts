import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { sha256Hex } from '../runtime/sha256.ts'
import { silenceText } from './contact.ts'
import type { Contact } from './contact.ts'
import { eddsaKey } from './eddsa-key.ts'
import { EXPELLED } from './expulsion.ts'
import type { Expulsion } from './expulsion.ts'
import type { Identity } from './identity.ts'

/** `forgotten`: a plane that is no member was gone, and is not under suspicion. */
const Refused = z.object({ error: z.string(), forgotten: z.boolean().optional() })

export interface ControlAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  bytes: Buffer
}

interface TimedAnswer extends ControlAnswer {
  /** When the headers came, by this plane's clock. */
  atMs: number
}

/** A request to the control plane failed. `status` is undefined when there was no answer. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: number | undefined
  /** The code of the refusal, when the control plane named one. */
  readonly code: string | undefined

  constructor(message: string, status?: number, { cause, code }: { cause?: unknown; code?: string | undefined } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status
    this.code = code
  }
}

/** Sends requests to the control plane. Each has a JWT of this plane (EdDSA, 60 s) with the digest of the body. */
export class ControlClient {
  private readonly identity: Identity
  private readonly expulsion: Expulsion | undefined
  private readonly contact: Contact | undefined
  private readonly agent = new Agent({ connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 })

  /** `expulsion` hears of every answer whether this plane is still a member, `contact` what else it shows. */
  constructor(identity: Identity, expulsion?: Expulsion, contact?: Contact) {
    this.identity = identity
    this.contact = contact
    this.expulsion = expulsion
  }

  get(path: string, signal?: AbortSignal): Promise<ControlAnswer> {
    return this.send('GET', path, undefined, undefined, signal)
  }

  post(path: string, body: string | Buffer, contentType = 'application/json', signal?: AbortSignal): Promise<ControlAnswer> {
    return this.send('POST', path, body, contentType, signal)
  }

  close(): Promise<void> {
    return this.agent.destroy()
  }

  private async send(
    method: 'GET' | 'POST',
    path: string,
    body: string | Buffer | undefined,
    contentType: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ControlAnswer> {
    const headers = { authorization: `Bearer ${await this.assertion(body)}`, ...(contentType && { 'content-type': contentType }) }
    const url = `${this.identity.controlUrl.replace(/\/$/, '')}/internal/v1${path}`
    const moment = this.expulsion?.moment ?? 0
    const sentAtMs = Date.now()
    const answer = await ask(url, {
      method,
      headers,
      dispatcher: this.agent,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    })
    this.contact?.answered({ sentAtMs, receivedAtMs: answer.atMs, headers: answer.headers })
    if (answer.status >= 400) {
      const { error: code, forgotten = false } = refusalOf(answer) ?? {}
      this.contact?.refused(code)
      if (answer.status === 403 && code === EXPELLED) this.expulsion?.told(forgotten)
      const asked = `${method} ${path.split('?')[0]}`
      throw new ControlError(`the control plane answered ${answer.status} to ${asked}: ${excerptOf(answer)}`, answer.status, { code })
    }
    this.expulsion?.accepted(moment)
    this.contact?.accepted()
    return answer
  }

  private async assertion(body: string | Buffer | undefined): Promise<string> {
    const { id, issuer, signingKey } = this.identity
    const claims = body === undefined ? {} : { bdy: sha256Hex(body) }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'bir-plane+jwt' })
      .setIssuer(id)
      .setAudience(`${issuer}/internal`)
      .setIssuedAt()
      .setExpirationTime('60s')
      .setJti(randomUUID())
      .sign(await eddsaKey(signingKey))
  }
}

/** Posts the join request of a new plane. It is not signed: the secret in it authenticates the plane. */
export async function postJoin(controlUrl: string, body: object): Promise<unknown> {
  const url = `${controlUrl.replace(/\/$/, '')}/internal/v1/join`
  const answer = await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (answer.status >= 400)
    throw new ControlError(`the control plane answered ${answer.status} to the join: ${excerptOf(answer)}`, answer.status, {
      code: refusalOf(answer)?.error,
    })
  return JSON.parse(answer.bytes.toString('utf8'))
}

async function ask(url: string, options: NonNullable<Parameters<typeof request>[1]>): Promise<TimedAnswer> {
  try {
    const { statusCode, headers, body } = await request(url, options)
    const atMs = Date.now()
    return { status: statusCode, headers, atMs, bytes: Buffer.from(await body.arrayBuffer()) }
  } catch (cause) {
    throw new ControlError(silenceText(cause, Date.now()), undefined, { cause })
  }
}

const excerptOf = ({ bytes }: ControlAnswer) => bytes.subarray(0, 500).toString('utf8')

function refusalOf({ bytes }: ControlAnswer): z.infer<typeof Refused> | undefined {
  try {
    return Refused.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    return undefined
  }
}
