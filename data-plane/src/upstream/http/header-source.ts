import { ToolError } from '@bir/sdk/contract/errors'
import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import { UpstreamFault } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { letGoFault } from '../faults.ts'

export type Headers = Readonly<Record<string, string>>

/** Not an administrator's to set: the connection's own, and the protocol's. */
const reserved =
  /^(?:host|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept|accept-encoding|mcp-.*|last-event-id)$/
const keptMs = 5000

/**
 * The headers sent with every request to a server. Secrets are read anew every few seconds, and at once after the
 * server refused them or the policy changed.
 */
export class HeaderSource {
  private readonly fixed: readonly (readonly [string, string])[]
  private readonly secrets: readonly (readonly [string, SecretRef])[]
  private readonly readSecret: (ref: SecretRef) => Promise<string>
  private held: Headers | undefined
  private heldUntilMs = 0
  /** Rises with every reason to read anew: what is being read by then is not held. */
  private generation = 0
  private isClosed = false

  constructor(headers: RemoteSettings['headers'], readSecret: (ref: SecretRef) => Promise<string>) {
    const own = Object.entries(headers).filter(([name]) => !reserved.test(name.toLowerCase()))
    this.fixed = own.flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value] as const] : []))
    this.secrets = own.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name.toLowerCase(), value] as const]))
    this.readSecret = readSecret
  }

  /** Throws `UpstreamFault` when a secret is not there or cannot be a header. */
  get(): Awaitable<Headers> {
    if (this.held && (this.isClosed || performance.now() < this.heldUntilMs)) return this.held
    if (this.isClosed) throw letGoFault()
    if (this.secrets.length > 0) return this.read()
    this.heldUntilMs = Number.POSITIVE_INFINITY
    return (this.held = written(this.fixed))
  }

  /** The server refused them, or they may be others now. */
  forget(): void {
    this.generation++
    this.heldUntilMs = 0
  }

  /**
   * The server is let go, and reads no secret any more: the one that there is now may be for another address. What ends
   * there ends with the credential with which it began.
   */
  close(): void {
    this.isClosed = true
  }

  private async read(): Promise<Headers> {
    const { generation } = this
    const values = await Promise.all(this.secrets.map(async ([name, ref]) => [name, inHeader(name, ref, await this.secret(ref))] as const))
    if (this.isClosed) throw letGoFault()
    const headers = written([...this.fixed, ...values])
    if (generation !== this.generation) return headers
    this.heldUntilMs = performance.now() + keptMs
    return (this.held = headers)
  }

  private secret(ref: SecretRef): Promise<string> {
    return this.readSecret(ref).catch((cause: unknown) => {
      // The person can mend it, and its words say how.
      if (ref.of === 'person' && cause instanceof ToolError) throw cause
      const hint = cause instanceof ToolError ? cause.hint : undefined
      throw new UpstreamFault('secret_missing', 'The gateway has no secret for this connection.', {
        ...(hint !== undefined && { hint }),
        cause,
      })
    })
  }
}

/** People give a token alone, so its scheme is added (RFC 6750, section 2.1). A file has the whole value. */
const inHeader = (name: string, { of }: SecretRef, value: string): string =>
  of === 'person' && name === 'authorization' && !value.includes(' ') ? `Bearer ${value}` : value

const written = (headers: readonly (readonly [string, string])[]): Headers =>
  Object.fromEntries(headers.map(([name, value]) => [name, checked(value)]))

/** A value with a line break in it would be a header of its own. */
function checked(value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value
  throw new UpstreamFault('secret_invalid', "The gateway's credential for this connection cannot be sent.", {
    detail: 'a header value with characters that no header may have',
    hint: 'An administrator must renew it.',
  })
}
