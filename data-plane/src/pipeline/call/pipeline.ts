import type { Rendered } from './types.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

/**
 * A stage on the way in. It gets what the stages above added, and passes on what it adds itself. Throwing refuses the
 * call. It is generic in the answer, so it can read an answer, but neither make one up nor forget `next`.
 *
 *     export function requireTea({ kettle }: Pick<Ports, 'kettle'>): Guard<Authenticated, { tea: Tea }> {
 *       return function requireTea(call, next) {
 *         const tea = kettle.teaOf(call.person)
 *         if (!tea) throw new GatewayError('unavailable', 'no tea', { reason: 'no-tea' })
 *         return next({ tea })
 *       }
 *     }
 */
export type Guard<Needs, Adds = object> = <R extends Rendered>(call: Needs, next: (adds: Adds) => Awaitable<R>) => Awaitable<R>

type AnyGuard = <R extends Rendered>(call: never, next: (adds: object) => Awaitable<R>) => Awaitable<R>

/** Gives an error as it may leave for the client. */
type ClearError = (error: unknown, call: never) => unknown

/** Stages in the order they run. A stage that needs what none above adds does not compile. */
export class Pipeline<Start extends object, Call extends Start = Start> {
  private readonly clearError: ClearError
  private readonly guards: readonly AnyGuard[]

  /**
   * `clearError` turns an error of the call itself into the one that guards and client see. It may return a promise.
   * What a guard throws is the gateway's own, and is not given to it.
   */
  constructor(clearError: ClearError = (error) => error, guards: readonly AnyGuard[] = []) {
    this.clearError = clearError
    this.guards = guards
  }

  guard<Adds extends object>(guard: Guard<Call, Adds>): Pipeline<Start, Call & Adds> {
    return new Pipeline<Start, Call & Adds>(this.clearError, [...this.guards, guard])
  }

  /** Ends the list: the call itself, then what turns the answer into JSON. */
  call<A, R extends Rendered>(run: (call: Call) => Awaitable<A>, render: (answer: A, call: Call) => R): (start: Start) => Promise<R> {
    const fail = (error: unknown, call: Call): Awaitable<never> => {
      const cleared = this.clearError(error, call as never)
      if (cleared instanceof Promise) return rejectWith(cleared)
      throw cleared
    }
    const innermost = (call: Call): Awaitable<R> => {
      try {
        const answer = run(call)
        if (!(answer instanceof Promise)) return render(answer, call)
        return answer.then((later) => render(later, call)).catch((error: unknown) => fail(error, call))
      } catch (error) {
        return fail(error, call)
      }
    }
    const chain = this.guards.reduceRight<(call: Call) => Awaitable<R>>(
      (inner, guard) => (call) => guard(call as never, (adds) => inner(Object.assign(call, adds))),
      innermost,
    )
    return async (start) => chain(start as Call)
  }
}

async function rejectWith(error: Promise<unknown>): Promise<never> {
  throw await error
}
