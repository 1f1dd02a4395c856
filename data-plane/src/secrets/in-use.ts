import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Log } from '../runtime/log.ts'
import type { ReadSecret } from './files.ts'
import { MIN_HIDDEN_LENGTH, spellingsOf } from './spellings.ts'

/**
 * A replaced value stays hidden for so long: the server may have noted it down, and it may still be good somewhere. Of
 * more than so many, the older are hidden only while they are held.
 */
const keptMs = 24 * 60 * 60 * 1000
const maxKept = 8

interface OldValue {
  readonly value: string
  /** Calls that began in this generation or before may have been sent the value. */
  readonly generation: number
  readonly keptUntilMs: number
}

interface ServerSecretsOptions {
  readonly server: string
  readonly readSecret: ReadSecret
  readonly log: Log
  /** Called when a value is replaced or goes out of use. */
  onChange(): void
  nowMs(): number
}

/**
 * The secrets of one server: those read for it, which its answers may repeat. A value that was replaced stays among
 * them for a day, and until every call, stream and session that began before is over.
 */
export class ServerSecrets {
  private readonly server: string
  private readonly readSecret: ReadSecret
  private readonly log: Log
  private readonly onChange: () => void
  private readonly nowMs: () => number
  private readonly current = new Map<string, string>()
  private old: OldValue[] = []
  /** Rises whenever a value is replaced. */
  private generation = 0
  /** How many holders began in each generation and are not over. */
  private readonly holders = new Map<number, number>()
  private hidden: readonly string[] = []

  constructor({ server, readSecret, log, onChange, nowMs }: ServerSecretsOptions) {
    this.server = server
    this.readSecret = readSecret
    this.log = log
    this.onChange = onChange
    this.nowMs = nowMs
  }

  /**
   * Values that must not leave the gateway, as they are now, in every spelling. The same array until one of them
   * changes.
   */
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
    for (const value of this.current.values()) this.keep(value)
    this.current.clear()
    this.generation++
    this.old = this.old.filter(this.isInUse, this)
    this.changed()
  }

  private release(generation: number): void {
    const count = (this.holders.get(generation) ?? 0) - 1
    if (count > 0) this.holders.set(generation, count)
    else this.holders.delete(generation)
    if (count <= 0) this.dropOld()
  }

  private replace(name: string, previous: string | undefined, value: string): void {
    this.current.set(name, value)
    if (value.length < MIN_HIDDEN_LENGTH)
      this.log('warn', 'a secret is too short to be hidden in answers', { server: this.server, secret: name, minLength: MIN_HIDDEN_LENGTH })
    if (previous !== undefined) {
      this.keep(previous)
      this.generation++
    }
    this.old = this.old.filter(this.isInUse, this)
    this.changed()
  }

  private keep(value: string): void {
    const others = this.old.filter((old) => old.value !== value)
    this.old = [...others, { value, generation: this.generation, keptUntilMs: this.nowMs() + keptMs }]
  }

  private dropOld(): void {
    if (this.old.length === 0) return
    const left = this.old.filter(this.isInUse, this)
    if (left.length === this.old.length) return
    this.old = left
    this.changed()
  }

  private isInUse({ generation, keptUntilMs }: OldValue, index: number): boolean {
    const isHeld = Math.min(...this.holders.keys()) <= generation
    return isHeld || (index >= this.old.length - maxKept && this.nowMs() < keptUntilMs)
  }

  private changed(): void {
    const values = new Set([...this.current.values(), ...this.old.map(({ value }) => value)])
    this.hidden = [...new Set([...values].flatMap(spellingsOf))].sort((a, b) => b.length - a.length)
    this.onChange()
  }
}

/** Secrets in use, server by server: what one server was sent is looked for in its own words alone. */
export class SecretsInUse {
  private readonly readSecret: ReadSecret
  private readonly log: Log
  private readonly nowMs: () => number
  private readonly servers = new Map<string, ServerSecrets>()
  private changes = 0

  constructor(readSecret: ReadSecret, log: Log, nowMs = () => performance.now()) {
    this.readSecret = readSecret
    this.log = log
    this.nowMs = nowMs
  }

  /** Rises when a value of any server changes: what was made before may repeat it. */
  get version(): number {
    return this.changes
  }

  of(server: string): ServerSecrets {
    const known = this.servers.get(server)
    if (known) return known
    const { readSecret, log, nowMs } = this
    const secrets = new ServerSecrets({ server, readSecret, log, onChange: () => this.changes++, nowMs })
    this.servers.set(server, secrets)
    return secrets
  }
}
