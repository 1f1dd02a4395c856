import { hash } from 'node:crypto'
import { LIST_CHANGES } from '../../../protocol/facts/list-changes.ts'
import type { ListChange } from '../../../protocol/facts/list-changes.ts'
import { isObject } from '../../../json/is-object.ts'

const listMethods = new Set<string>(LIST_CHANGES.flatMap(({ lists }) => lists))

type Call = (method: string, params: Readonly<Record<string, unknown>>) => Promise<Record<string, unknown>>

/**
 * Remembers what the first page of each list was when it was last read, so that a list is told to have changed only
 * when it has.
 */
export class SeenLists {
  private readonly hashes = new Map<string, string>()

  /** A list was read; anything else is ignored. */
  note(method: string, { cursor }: Readonly<Record<string, unknown>>, result: unknown): void {
    if (cursor !== undefined || !listMethods.has(method)) return
    const fingerprint = fingerprintOf(result)
    if (fingerprint === undefined) this.hashes.delete(method)
    else this.hashes.set(method, fingerprint)
  }

  /** Reads the lists of a change again. True when one differs, and when it cannot be known. */
  async differ({ lists }: ListChange, call: Call): Promise<boolean> {
    const known = lists.filter((method) => this.hashes.has(method))
    if (known.length === 0) return true
    for (const method of known) {
      const before = this.hashes.get(method)
      const result = await call(method, {}).catch(() => undefined)
      this.note(method, {}, result)
      if (this.hashes.get(method) !== before) return true
    }
    return false
  }
}

/** Undefined for a list of several pages: its first page says too little. */
function fingerprintOf(result: unknown): string | undefined {
  if (!isObject(result) || result['nextCursor'] !== undefined) return undefined
  return hash('sha256', JSON.stringify(result), 'hex')
}
