/**
 * Of each request, so much is always read. A request for a token is smaller, so nobody behind the same proxy can keep
 * it out.
 */
const smallBytes = 16 * 1024

/**
 * Counts the bytes that the bodies of unfinished requests hold, by the address that sent them. An address may hold as
 * much as is left over, so that there is always room for another one.
 */
export class HeldBytes {
  private readonly maxBytes: number
  private readonly bySender = new Map<string, number>()
  private sum = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get total(): number {
    return this.sum
  }

  /** `ofRequest` is what the request holds already. False when that would become more than the sender's share. */
  take(sender: string, bytes: number, ofRequest: number): boolean {
    const held = (this.bySender.get(sender) ?? 0) + bytes
    if (ofRequest + bytes > smallBytes && held > this.maxBytes - this.sum) return false
    this.bySender.set(sender, held)
    this.sum += bytes
    return true
  }

  giveBack(sender: string, bytes: number): void {
    const held = (this.bySender.get(sender) ?? 0) - bytes
    this.sum -= bytes
    if (held > 0) this.bySender.set(sender, held)
    else this.bySender.delete(sender)
  }
}
