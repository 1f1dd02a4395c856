import { GatewayError } from '@bir/sdk/contract/errors'

/** A body of this size is always read: whoever holds little is not refused because others hold much. */
const smallBytes = 65_536

/** The bytes of one request that count until it is over. */
export interface BodyLease {
  /** Throws `rateLimited` when the holder would have more than their share. */
  add(bytes: number): void
  end(): void
}

/**
 * Bounds the bytes that all unfinished requests hold together. A holder may have as much as is left over, so there is
 * always room for one more: one alone takes half of all, two take a third each (the dynamic thresholds of shared
 * switch buffers: Choudhury and Hahne, 1998).
 */
export class BodyBudget {
  private readonly maxBytes: number
  private readonly byHolder = new Map<string, number>()
  private total = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Bytes held now. */
  get held(): number {
    return this.total
  }

  open(holder: string): BodyLease {
    let own = 0
    return {
      add: (bytes) => {
        const before = this.byHolder.get(holder) ?? 0
        if (before + bytes > Math.max(smallBytes, this.maxBytes - this.total)) throw tooMuch()
        own += bytes
        this.count(holder, bytes)
      },
      end: () => {
        this.count(holder, -own)
        own = 0
      },
    }
  }

  private count(holder: string, bytes: number): void {
    const after = (this.byHolder.get(holder) ?? 0) + bytes
    if (after > 0) this.byHolder.set(holder, after)
    else this.byHolder.delete(holder)
    this.total += bytes
  }
}

const tooMuch = () =>
  new GatewayError('rateLimited', 'the bodies of unfinished requests are too much', {
    publicMessage: 'Your requests that are not finished hold too many bytes. Wait for some of them to end, then send this again.',
    reason: 'rate-limited',
    retryAfterMs: 1_000,
  })
