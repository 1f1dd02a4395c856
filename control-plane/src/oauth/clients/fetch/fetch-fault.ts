/**
 * What a client named could not be fetched. The message is a clause for the client and tells nothing of the network
 * here. `passing`: it may work later. `gone`: it will not, until the client mends it.
 */
export class FetchFault extends Error {
  override readonly name = 'FetchFault'
  readonly kind: 'passing' | 'gone'

  constructor(message: string, kind: 'passing' | 'gone', options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}
