import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { HiddenValues } from './hidden-values.ts'

/** What all who use the server share. */
interface Shared {
  readonly values: readonly string[]
  hold(): () => void
}

interface PersonalSecretsOptions {
  readonly server: string
  readonly person: string
  readonly shared: Shared
  readonly hidden: HiddenValues
}

/** The secrets with which calls of one person to one server are made, beside those that all share. */
export class PersonalSecrets {
  readonly server: string
  readonly person: string
  private readonly shared: Shared
  private readonly hidden: HiddenValues
  private injected: SecretFields | undefined
  private both: { readonly shared: readonly string[]; readonly own: readonly string[]; readonly values: readonly string[] } | undefined

  constructor({ server, person, shared, hidden }: PersonalSecretsOptions) {
    this.server = server
    this.person = person
    this.shared = shared
    this.hidden = hidden
  }

  /** The same array until one of them changes, for it is looked for in answer after answer. */
  get values(): readonly string[] {
    const shared = this.shared.values
    const own = this.hidden.values
    if (shared.length === 0) return own
    if (this.both?.shared !== shared || this.both.own !== own)
      this.both = { shared, own, values: [...new Set([...shared, ...own])].sort((a, b) => b.length - a.length) }
    return this.both.values
  }

  get isHeld(): boolean {
    return this.hidden.isHeld
  }

  /** Calls are about to be made with these values. Leases give the same object while nothing changes. */
  inject(fields: SecretFields): void {
    if (fields === this.injected) return
    this.injected = fields
    this.hidden.keepOnly(new Set(Object.keys(fields)))
    for (const [name, value] of Object.entries(fields)) this.hidden.set(name, value)
  }

  hold(): () => void {
    const releaseShared = this.shared.hold()
    const release = this.hidden.hold()
    return () => {
      releaseShared()
      release()
    }
  }
}
