import type { Rendered } from './types.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

/** A stage on the way in: gets what those above established, hands on what it adds. Throwing refuses the call. Generic in the answer, so it can read one but neither make one up nor forget `next`. */
export type Guard<Needs, Adds = object> = <R extends Rendered>(call: Needs, next: (adds: Adds) => Awaitable<R>) => Awaitable<R>

/** A stage on the way back: the answer in, the answer out. */
export type Filter<Needs, A> = (answer: A, call: Needs) => Awaitable<A>

type AnyGuard = <R extends Rendered>(call: never, next: (adds: object) => Awaitable<R>) => Awaitable<R>

/** Stages in the order they run. A stage that needs what none above adds does not compile. */
export class Pipeline<Start extends object, Call extends Start = Start> {
  private readonly guards: readonly AnyGuard[]

  constructor(guards: readonly AnyGuard[] = []) {
    this.guards = guards
  }

  guard<Adds extends object>(guard: Guard<Call, Adds>): Pipeline<Start, Call & Adds> {
    return new Pipeline<Start, Call & Adds>([...this.guards, guard])
  }

  /** Ends the list: the call itself, then the filters in order, then what turns the answer into bytes. */
  call<A, R extends Rendered>(
    run: (call: Call) => Awaitable<A>,
    filters: readonly Filter<Call, A>[],
    render: (answer: A, call: Call) => R,
  ): (start: Start) => Promise<R> {
    const filtered = (answer: A, call: Call, from: number): Awaitable<R> => {
      const filter = filters[from]
      if (!filter) return render(answer, call)
      const next = filter(answer, call)
      return next instanceof Promise ? next.then((later) => filtered(later, call, from + 1)) : filtered(next, call, from + 1)
    }
    const innermost = (call: Call): Awaitable<R> => {
      const answer = run(call)
      return answer instanceof Promise ? answer.then((later) => filtered(later, call, 0)) : filtered(answer, call, 0)
    }
    const chain = this.guards.reduceRight<(call: Call) => Awaitable<R>>(
      (inner, guard) => (call) => guard(call as never, (adds) => inner(Object.assign(call, adds))),
      innermost,
    )
    return async (start) => chain(start as Call)
  }
}
