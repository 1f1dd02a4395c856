import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Kept {
  payload: AdapterPayload
  expiresAtMs: number
}

const maxKept = 10_000

/** Where the demo provider keeps sessions and codes: in memory, the oldest first to go. After a restart people sign in again. */
export class Memory implements Adapter {
  private static readonly kept = new Map<string, Kept>()
  private readonly model: string

  constructor(model: string) {
    this.model = model
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    const key = this.key(id)
    Memory.kept.delete(key)
    Memory.kept.set(key, { payload, expiresAtMs: Date.now() + (expiresInSeconds || 3600) * 1000 })
    const [oldest] = Memory.kept.keys()
    if (Memory.kept.size > maxKept && oldest) Memory.kept.delete(oldest)
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const kept = Memory.kept.get(this.key(id))
    return kept && kept.expiresAtMs > Date.now() ? kept.payload : undefined
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.search((payload) => payload.uid === uid)
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.search((payload) => payload.userCode === userCode)
  }

  async consume(id: string): Promise<void> {
    const kept = Memory.kept.get(this.key(id))
    if (kept) kept.payload.consumed = Math.floor(Date.now() / 1000)
  }

  async destroy(id: string): Promise<void> {
    Memory.kept.delete(this.key(id))
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of Memory.kept) if (payload.grantId === grantId) Memory.kept.delete(key)
  }

  private async search(matches: (payload: AdapterPayload) => boolean): Promise<AdapterPayload | undefined> {
    for (const [key, { payload, expiresAtMs }] of Memory.kept) {
      if (key.startsWith(`${this.model}:`) && expiresAtMs > Date.now() && matches(payload)) return payload
    }
    return undefined
  }

  private key(id: string): string {
    return `${this.model}:${id}`
  }
}
