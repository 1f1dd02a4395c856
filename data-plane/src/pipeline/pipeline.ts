import type { Rendered } from './types.ts'

/** A stage on the way in: gets what those above established, hands on what it adds. Throwing refuses the call. Generic in the answer, so it can read one but neither make one up nor forget `next`. */
export type Guard<Needs, Adds = object> = <R extends Rendered>(call: Needs, next: (adds: Adds) => Promise<R>) => Promise<R>

/** A stage on the way back: the answer in, the answer out. */
export type Filter<Needs, A> = (answer: A, call: Needs) => A | Promise<A>

type AnyGuard = <R extends Rendered>(call: never, next: (adds: object) => Promise<R>) => Promise<R>

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
    run: (call: Call) => A | Promise<A>,
    filters: readonly Filter<Call, A>[],
    render: (answer: A, call: Call) => R,
  ): (start: Start) => Promise<R> {
    const innermost = async (call: Call): Promise<R> => {
      let answer = await run(call)
      for (const filter of filters) answer = await filter(answer, call)
      return render(answer, call)
    }
    const chain = this.guards.reduceRight<(call: Call) => Promise<R>>(
      (inner, guard) => (call) => guard(call as never, (adds) => inner(Object.assign(call, adds))),
      innermost,
    )
    return (start) => chain(start as Call)
  }
}
