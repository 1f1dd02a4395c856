/**
 * Where the cause lies:
 *
 * - way: nothing leads to the host from here, or nothing may. A private host and one that is not there look the same.
 * - certificate: nobody vouches for the host who is trusted here.
 * - host: it answers with an error, or not in time.
 * - content: the host answers, with something else than what is asked for.
 */
export type FaultCause = 'way' | 'certificate' | 'host' | 'content'

/**
 * What a client named could not be fetched. The message is a clause for the client and tells nothing of the network
 * here. `passing`: it may work later. `gone`: it will not, until the client mends it.
 */
export class FetchFault extends Error {
  override readonly name = 'FetchFault'
  readonly where: FaultCause
  readonly kind: 'passing' | 'gone'

  constructor(message: string, where: FaultCause, { kind = kinds[where], cause }: { kind?: 'passing' | 'gone'; cause?: unknown } = {}) {
    super(message, { cause })
    this.where = where
    this.kind = kind
  }
}

const kinds = { way: 'passing', certificate: 'passing', host: 'passing', content: 'gone' } as const

/** This process fetches no more for now. It says nothing about what was asked for. */
export class FetchLimited extends Error {
  override readonly name = 'FetchLimited'
  readonly retryAfterS: number

  constructor(message: string, retryAfterS: number) {
    super(message)
    this.retryAfterS = retryAfterS
  }
}
