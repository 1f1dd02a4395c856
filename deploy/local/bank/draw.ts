/** Numbers that look random and are the same every time (mulberry32). */
export class Draw {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  /** In [0, 1). */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1))
  }

  one<T>(of: readonly T[]): T {
    const drawn = of[this.int(0, of.length - 1)]
    if (drawn === undefined) throw new Error('there is nothing to draw from')
    return drawn
  }

  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.int(0, alphabet.length - 1)]).join('')
  }

  /** `2019-04-27`, between the two years, both included. */
  day(fromYear: number, toYear: number): string {
    const pad = (of: number) => String(of).padStart(2, '0')
    return `${this.int(fromYear, toYear)}-${pad(this.int(1, 12))}-${pad(this.int(1, 28))}`
  }
}
