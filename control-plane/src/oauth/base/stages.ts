import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Answer, Exchange } from '../../base/http.ts'

type Awaitable<T> = T | Promise<T>

/** What every stage finds: the request. */
export interface Incoming {
  readonly exchange: Exchange
  /** The id of this request: pages and errors name it, and the audit has it. */
  readonly id: string
}

/** Turns an error into an answer. It gets what the stages above the one that failed have established. */
export type RenderError<Known extends object> = (error: unknown, known: Incoming & Partial<Known>) => Awaitable<Answer>

type Step = (call: never) => Awaitable<object | void>

/**
 * The stages of an endpoint, in the order they run. A stage gets what the stages above it have established: one that
 * needs what none has added does not compile. A stage refuses by throwing.
 *
 * ```ts
 * new Stages().add(readForm).add(findClient(parts)).check(grantIsAllowed).answer(issue(parts), asJson)
 * ```
 */
export class Stages<Call extends object = Incoming> {
  private readonly steps: readonly Step[]

  constructor(steps: readonly Step[] = []) {
    this.steps = steps
  }

  /** A stage that establishes something: the members that it resolves with. */
  add<Adds extends object>(stage: (call: Call) => Awaitable<Adds>): Stages<Call & Adds> {
    return new Stages([...this.steps, stage])
  }

  /** A stage that only lets pass. */
  check(stage: (call: Call) => Awaitable<void>): Stages<Call> {
    return new Stages([...this.steps, stage])
  }

  answer(last: (call: Call) => Awaitable<Answer>, renderError: RenderError<Call>): (exchange: Exchange) => Promise<Answer> {
    return async (exchange) => {
      let known: Incoming = { exchange, id: uuidv7() }
      try {
        for (const step of this.steps) known = { ...known, ...(await step(known as never)) }
        return await last(known as Call)
      } catch (error) {
        return renderError(error, known as Incoming & Partial<Call>)
      }
    }
  }
}
