import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Log } from '../runtime/log.ts'
import type { ReadSecret } from './files.ts'

/** A shorter value stands in too many places that are no secret: hiding it would break answers. */
const minHiddenLength = 6

/**
 * The value, and what follows its scheme, as in `Bearer …` (RFC 9110 section 11.1): servers often repeat that part
 * alone.
 */
function hiddenParts(value: string): string[] {
  const credential = /^[A-Za-z]+ (\S+)$/.exec(value)?.[1] ?? ''
  return [value, credential].filter(({ length }) => length >= minHiddenLength)
}

interface OldValue {
  readonly value: string
  /** Calls that began in this generation or before may have been sent the value. */
  readonly generation: number
}

/**
 * The secrets of one server: those read for it, which its answers may repeat. A value that was replaced stays among
 * them until every call, stream and session that began before is over.
 */
export class ServerSecrets {
  private readonly server: string
  private readonly readSecret: ReadSecret
  private readonly log: Log
  private readonly onChange: () => void
  private readonly current = new Map<string, string>()
  private old: OldValue[] = []
  /** Rises whenever a value is replaced. */
  private generation = 0
  /** How many holders began in each generation and are not over. */
  private readonly holders = new Map<number, number>()
  private hidden: readonly string[] = []

  constructor(server: string, readSecret: ReadSecret, log: Log, onChange: () => void) {
    this.server = server
    this.readSecret = readSecret
    this.log = log
    this.onChange = onChange
  }

  /** Values that must not leave the gateway, as they are now. The same array until one of them changes. */
  get values(): readonly string[] {
    return this.hidden
  }

  /** Reads a secret for this server. Rejects with `secret_missing`. */
  async read(ref: SecretRef): Promise<string> {
    const value = await this.readSecret(ref)
    const previous = this.current.get(ref.secret)
    if (value !== previous) this.replace(ref.secret, previous, value)
    return value
  }

  /**
   * Says that a call, stream or session has begun, which may be sent the current values. The returned function says
   * that it is over.
   */
  hold(): () => void {
    const { generation } = this
    this.holders.set(generation, (this.holders.get(generation) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (isHeld) this.release(generation)
      isHeld = false
    }
  }

  /**
   * The server's settings have changed: secrets that are not read again go out of use with the calls that were sent
   * them.
   */
  retire(): void {
    for (const value of this.current.values()) this.old.push({ value, generation: this.generation })
    this.current.clear()
    this.generation++
    this.dropOld()
  }

  private release(generation: number): void {
    const count = (this.holders.get(generation) ?? 0) - 1
    if (count > 0) this.holders.set(generation, count)
    else this.holders.delete(generation)
    if (count <= 0 && this.old.length > 0) this.dropOld()
  }

  private replace(name: string, previous: string | undefined, value: string): void {
    this.current.set(name, value)
    if (value.length < minHiddenLength)
      this.log('warn', 'a secret is too short to be hidden in answers', { server: this.server, secret: name, minLength: minHiddenLength })
    if (previous !== undefined) {
      this.old.push({ value: previous, generation: this.generation })
      this.generation++
    }
    this.dropOld()
  }

  private dropOld(): void {
    const oldest = Math.min(...this.holders.keys())
    this.old = this.old.filter(({ generation }) => oldest <= generation)
    const values = new Set([...this.current.values(), ...this.old.map(({ value }) => value)])
    this.hidden = [...values].flatMap(hiddenParts)
    this.onChange()
  }
}

/** Secrets in use, server by server: what one server was sent is looked for in its own words alone. */
export class SecretsInUse {
  private readonly readSecret: ReadSecret
  private readonly log: Log
  private readonly servers = new Map<string, ServerSecrets>()
  private changes = 0

  constructor(readSecret: ReadSecret, log: Log) {
    this.readSecret = readSecret
    this.log = log
  }

  /** Rises when a value of any server changes: what was made before may repeat it. */
  get version(): number {
    return this.changes
  }

  of(server: string): ServerSecrets {
    const secrets = this.servers.get(server) ?? new ServerSecrets(server, this.readSecret, this.log, () => this.changes++)
    this.servers.set(server, secrets)
    return secrets
  }
}
