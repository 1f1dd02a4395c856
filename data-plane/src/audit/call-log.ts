import { LRUCache } from 'lru-cache'
import type { CallView } from '../server-kit/gateway-view.ts'

const maxCallsPerPerson = 50
const maxPeople = 2_000

/** The latest calls of each person on this plane, shown only to that person. Kept in memory, bounded. */
export class CallLog {
  private readonly calls = new LRUCache<string, CallView[]>({ max: maxPeople })

  add(person: string, call: CallView): void {
    const calls = this.calls.get(person)
    if (!calls) return void this.calls.set(person, [call])
    calls.push(call)
    if (calls.length > maxCallsPerPerson) calls.shift()
  }

  /** The latest calls first. Reading does not count as use: a person who stopped calling is forgotten first. */
  of(person: string, max: number): CallView[] {
    return (this.calls.peek(person) ?? []).slice(-max).toReversed()
  }
}
