import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Entry {
  payload: AdapterPayload
  expiresAtMs: number
}

const maxEntries = 10_000

/**
 * The demo provider's store of sessions and codes: in memory, without
 * the oldest when it is full. After a restart people sign in again.
 */
export class Memory implements Adapter {
  private static readonly entries = new Map<string, Entry>()
  private readonly model: string

  constructor(model: string) {
    this.model = model
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    const key = this.key(id)
    Memory.entries.delete(key)
    Memory.entries.set(key, { payload, expiresAtMs: Date.now() + (expiresInSeconds || 3600) * 1000 })
    const [oldest] = Memory.entries.keys()
    if (Memory.entries.size > maxEntries && oldest) Memory.entries.delete(oldest)
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const entry = Memory.entries.get(this.key(id))
    return entry && entry.expiresAtMs > Date.now() ? entry.payload : undefined
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.search((payload) => payload.uid === uid)
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.search((payload) => payload.userCode === userCode)
  }

  async consume(id: string): Promise<void> {
    const entry = Memory.entries.get(this.key(id))
    if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000)
  }

  async destroy(id: string): Promise<void> {
    Memory.entries.delete(this.key(id))
  }

  /** Of this model alone: a sign-in that goes on has the grant too, and outlives the session of the person before. */
  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of Memory.entries) {
      if (key.startsWith(`${this.model}:`) && payload.grantId === grantId) Memory.entries.delete(key)
    }
  }

  private async search(matches: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> {
    for (const [key, { payload, expiresAtMs }] of Memory.entries) {
      if (key.startsWith(`${this.model}:`) && expiresAtMs > Date.now() && matches(payload)) return payload
    }
    return undefined
  }

  private key(id: string): string {
    return `${this.model}:${id}`
  }
}
