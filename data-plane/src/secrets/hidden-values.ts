import { MIN_HIDDEN_LENGTH, spellingsOf } from './spellings.ts'

/**
 * A replaced value stays hidden for so long: the server may have noted it down, and it may still be good somewhere. Of
 * more than so many, the older are hidden only while they are held.
 */
const keptMs = 24 * 60 * 60 * 1000
const maxKept = 8

interface OldValue {
  readonly value: string
  /** Calls that began in this generation or before may have been sent the value. */
  readonly generation: number
  readonly keptUntilMs: number
}

interface HiddenValuesOptions {
  /** Called when a value is replaced or goes out of use. */
  onChange(): void
  /** Called with the name of a value that is too short to be hidden. */
  onShort(name: string): void
  nowMs(): number
}

/**
 * Values by name that a server was sent, and may repeat. One that was replaced stays among them for a day, and until
 * every call, stream and session that began before is over.
 */
export class HiddenValues {
  private readonly options: HiddenValuesOptions
  private readonly current = new Map<string, string>()
  private old: OldValue[] = []
  /** Rises whenever a value is replaced. */
  private generation = 0
  /** How many holders began in each generation and are not over. */
  private readonly holders = new Map<number, number>()
  /** Of each value, made when somebody asks first, kept for as long as it is hidden. */
  private readonly spellings = new Map<string, readonly string[]>()
  /** Undefined after a change, until somebody asks. */
  private hidden: readonly string[] | undefined

  constructor(options: HiddenValuesOptions) {
    this.options = options
  }

  /** Every value in every spelling. The same array until one of them changes. */
  get values(): readonly string[] {
    return (this.hidden ??= this.spellAll())
  }

  get isHeld(): boolean {
    return this.holders.size > 0
  }

  set(name: string, value: string): void {
    const previous = this.current.get(name)
    if (value === previous) return
    this.current.set(name, value)
    if (value.length < MIN_HIDDEN_LENGTH) this.options.onShort(name)
    if (previous !== undefined) {
      this.keep(previous)
      this.generation++
    }
    this.old = this.old.filter(this.isInUse, this)
    this.changed()
  }

  /** Values of other names than these go out of use with the calls that were sent them. */
  keepOnly(names: ReadonlySet<string>): void {
    const gone = [...this.current].filter(([name]) => !names.has(name))
    if (gone.length === 0) return
    for (const [name, value] of gone) {
      this.keep(value)
      this.current.delete(name)
    }
    this.generation++
    this.old = this.old.filter(this.isInUse, this)
    this.changed()
  }

  /**
   * Says that a call, stream or session has begun, which may be sent the current values. The returned function says
   * that it is over.
   */
  hold(): () => void {
    const { generation } = this
    this.holders.set(generation, (this.holders.get(generation) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (isHeld) this.release(generation)
      isHeld = false
    }
  }

  private release(generation: number): void {
    const count = (this.holders.get(generation) ?? 0) - 1
    if (count > 0) this.holders.set(generation, count)
    else this.holders.delete(generation)
    if (count <= 0) this.dropOld()
  }

  private keep(value: string): void {
    const others = this.old.filter((old) => old.value !== value)
    this.old = [...others, { value, generation: this.generation, keptUntilMs: this.options.nowMs() + keptMs }]
  }

  private dropOld(): void {
    if (this.old.length === 0) return
    const left = this.old.filter(this.isInUse, this)
    if (left.length === this.old.length) return
    this.old = left
    this.changed()
  }

  private isInUse({ generation, keptUntilMs }: OldValue, index: number): boolean {
    const isHeld = Math.min(...this.holders.keys()) <= generation
    return isHeld || (index >= this.old.length - maxKept && this.options.nowMs() < keptUntilMs)
  }

  private changed(): void {
    const values = this.everyValue()
    for (const value of this.spellings.keys()) if (!values.has(value)) this.spellings.delete(value)
    this.hidden = undefined
    this.options.onChange()
  }

  private everyValue(): ReadonlySet<string> {
    return new Set([...this.current.values(), ...this.old.map(({ value }) => value)])
  }

  private spellAll(): readonly string[] {
    for (const value of this.everyValue()) if (!this.spellings.has(value)) this.spellings.set(value, spellingsOf(value))
    return [...new Set([...this.spellings.values()].flat())].sort((a, b) => b.length - a.length)
  }
}
