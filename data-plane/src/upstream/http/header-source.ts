import { ToolError } from '@bir/sdk/contract/errors'
import type { RemoteSettings } from '@bir/sdk/contract/remote'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import { UpstreamFault } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

export type Headers = Readonly<Record<string, string>>

/** Not an administrator's to set: the connection's own, and the protocol's. */
const reserved =
  /^(?:host|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept|accept-encoding|mcp-.*|last-event-id)$/
const keptMs = 5000

/**
 * The headers sent with every request to a server. Secrets are read anew every few seconds, and at once after the
 * server refused them.
 */
export class HeaderSource {
  private readonly fixed: readonly (readonly [string, string])[]
  private readonly secrets: readonly (readonly [string, SecretRef])[]
  private readonly readSecret: (ref: SecretRef) => Promise<string>
  private held: Headers | undefined
  private heldUntilMs = 0

  constructor(headers: RemoteSettings['headers'], readSecret: (ref: SecretRef) => Promise<string>) {
    const own = Object.entries(headers).filter(([name]) => !reserved.test(name.toLowerCase()))
    this.fixed = own.flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value] as const] : []))
    this.secrets = own.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name.toLowerCase(), value] as const]))
    this.readSecret = readSecret
  }

  /** Throws `UpstreamFault` when a secret is not there or cannot be a header. */
  get(): Awaitable<Headers> {
    if (this.held && performance.now() < this.heldUntilMs) return this.held
    if (this.secrets.length > 0) return this.read()
    this.heldUntilMs = Number.POSITIVE_INFINITY
    return (this.held = written(this.fixed))
  }

  /** The server refused them. */
  forget(): void {
    this.held = undefined
  }

  private async read(): Promise<Headers> {
    const values = await Promise.all(this.secrets.map(async ([name, ref]) => [name, inHeader(name, ref, await this.secret(ref))] as const))
    this.held = written([...this.fixed, ...values])
    this.heldUntilMs = performance.now() + keptMs
    return this.held
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
