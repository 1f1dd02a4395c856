/** A generator of random numbers that gives the same numbers every time (mulberry32). */
export class Draw {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  /** A number in [0, 1). */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.unit() * (max - min + 1))
  }

  /** One item of a list. Throws when the list is empty. */
  item<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)]
    if (item === undefined) throw new Error('there is nothing to draw from')
    return item
  }

  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.int(0, alphabet.length - 1)]).join('')
  }

  /** A date such as `2019-04-27`, between the two years, both included. */
  day(fromYear: number, toYear: number): string {
    const pad = (value: number) => String(value).padStart(2, '0')
    return `${this.int(fromYear, toYear)}-${pad(this.int(1, 12))}-${pad(this.int(1, 28))}`
  }
}
