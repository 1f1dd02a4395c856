import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Log } from '../runtime/log.ts'
import type { ReadSecret } from './files.ts'
import { HiddenValues } from './hidden-values.ts'
import { PersonalSecrets } from './personal-secrets.ts'
import { MIN_HIDDEN_LENGTH } from './spellings.ts'

/** What of a server must not leave the gateway, and who may have been sent it. */
export type HiddenThere = Pick<ServerSecrets, 'values' | 'hold'>

interface ServerSecretsOptions {
  readonly readSecret: ReadSecret
  readonly hidden: HiddenValues
}

/** The secrets of one server that all who use it share: those read for it, which its answers may repeat. */
export class ServerSecrets {
  private readonly readSecret: ReadSecret
  private readonly hidden: HiddenValues
  private injected: SecretFields | undefined

  constructor({ readSecret, hidden }: ServerSecretsOptions) {
    this.readSecret = readSecret
    this.hidden = hidden
  }

  /**
   * Values that must not leave the gateway, as they are now, in every spelling. The same array until one of them
   * changes.
   */
  get values(): readonly string[] {
    return this.hidden.values
  }

  /** Reads a secret for this server. Rejects with `secret_missing`. */
  async read(ref: SecretRef): Promise<string> {
    const value = await this.readSecret(ref)
    this.hidden.set(ref.secret, value)
    return value
  }

  /** Calls of everybody are about to be made with these values. */
  inject(fields: SecretFields): void {
    if (fields === this.injected) return
    this.injected = fields
    // A file of the same name as a field is another value.
    for (const [name, value] of Object.entries(fields)) this.hidden.set(`field ${name}`, value)
  }

  /**
   * Says that a call, stream or session has begun, which may be sent the current values. The returned function says
   * that it is over.
   */
  hold(): () => void {
    return this.hidden.hold()
  }

  /**
   * The server's settings have changed: secrets that are not read again go out of use with the calls that were sent
   * them.
   */
  retire(): void {
    this.injected = undefined
    this.hidden.keepOnly(new Set())
  }
}

/** So many people's values are remembered at least while they are not held; those injected longest ago go first. */
const maxPeople = 10_000

/**
 * Secrets in use, server by server and person by person: what one server was sent is looked for in its own words alone,
 * and what it was sent for one person in its words to that person alone.
 */
export class SecretsInUse {
  private readonly readSecret: ReadSecret
  private readonly log: Log
  private readonly nowMs: () => number
  private readonly servers = new Map<string, ServerSecrets>()
  /** By server, then by person: two steps, so that finding one makes no string. */
  private readonly personal = new Map<string, Map<string, PersonalSecrets>>()
  private readonly allPersonal = new Set<PersonalSecrets>()
  private changes = 0

  constructor(readSecret: ReadSecret, log: Log, nowMs = () => performance.now()) {
    this.readSecret = readSecret
    this.log = log
    this.nowMs = nowMs
  }

  /** Rises when a value that a server was sent for everybody changes: what was made before may repeat it. */
  get version(): number {
    return this.changes
  }

  /** The secrets that all who use a server share. */
  of(server: string): ServerSecrets {
    const known = this.servers.get(server)
    if (known) return known
    const secrets = new ServerSecrets({ readSecret: this.readSecret, hidden: this.hiddenValues(server, () => this.changes++) })
    this.servers.set(server, secrets)
    return secrets
  }

  /** What must not stand in a server's words to a person: the shared secrets, and those of the person's calls. */
  for(server: string, person: string): HiddenThere {
    return this.personal.get(server)?.get(person) ?? this.of(server)
  }

  /** Calls of this person are about to be made with these values. */
  inject(server: string, person: string, fields: SecretFields): void {
    const people = this.personal.get(server) ?? new Map<string, PersonalSecrets>()
    const known = people.get(person)
    if (known) return known.inject(fields)
    const shared = this.of(server)
    const made = new PersonalSecrets({ server, person, shared, hidden: this.hiddenValues(server, () => undefined) })
    made.inject(fields)
    this.personal.set(server, people.set(person, made))
    this.allPersonal.add(made)
    if (this.allPersonal.size > maxPeople) this.dropOne()
  }

  /** Forgets the values of people whom no call, stream or session is about, unless `isKept` says that they stay. */
  keepOnly(isKept: (server: string, person: string) => boolean): void {
    for (const secrets of this.allPersonal) if (!secrets.isHeld && !isKept(secrets.server, secrets.person)) this.drop(secrets)
  }

  private hiddenValues(server: string, onChange: () => void): HiddenValues {
    const onShort = (secret: string) =>
      this.log('warn', 'a secret is too short to be hidden in answers', { server, secret, minLength: MIN_HIDDEN_LENGTH })
    return new HiddenValues({ onChange, onShort, nowMs: this.nowMs })
  }

  private dropOne(): void {
    for (const secrets of this.allPersonal) if (!secrets.isHeld) return this.drop(secrets)
  }

  private drop(secrets: PersonalSecrets): void {
    const { server, person } = secrets
    this.allPersonal.delete(secrets)
    const people = this.personal.get(server)
    people?.delete(person)
    if (people?.size === 0) this.personal.delete(server)
  }
}
