import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Incoming } from '../call/types.ts'

/** Clients and proxies give up an answer whose headers do not come: the hastiest that we know of after a minute. */
const longMs = 10_000

/**
 * A call that takes long begins its answer before it is over, as a stream: status and headers leave, and signs of life
 * follow. To be put after every guard whose refusal has an HTTP status of its own. Costs a call that is answered at
 * once nothing, and any other a time-out of the shared clock.
 */
export function beginEarly({ timers }: Pick<Ports, 'timers'>): Guard<Incoming & Audited> {
  return function beginEarly(call, next) {
    const answer = next({})
    if (answer instanceof Promise && call.id !== undefined)
      call.note.releases.push(timers.after(longMs, () => call.channel.beginIfAccepted()))
    return answer
  }
}
