import type { CallView } from '../server-kit/gateway-view.ts'

const perPerson = 50
const people = 2_000

/** The latest calls of each person, for that person's own eyes. In memory, of this plane, bounded. */
export class CallLog {
  private readonly calls = new Map<string, CallView[]>()

  add(person: string, call: CallView): void {
    const known = this.calls.get(person)
    if (!known) return this.begin(person, call)
    known.push(call)
    if (known.length > perPerson) known.shift()
    if (this.calls.size < people) return
    // Who called last goes last, once some have to go.
    this.calls.delete(person)
    this.calls.set(person, known)
  }

  private begin(person: string, call: CallView): void {
    this.calls.set(person, [call])
    if (this.calls.size > people) this.calls.delete(this.calls.keys().next().value ?? '')
  }

  of(person: string, max: number): CallView[] {
    return (this.calls.get(person) ?? []).slice(-max).toReversed()
  }
}
