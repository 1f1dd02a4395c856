/** Larger tables let no more characters be skipped, even for a thousand texts. */
const maxTableSize = 8_192

/** Called with the index of a text that was found, and where it begins. */
type Found = (index: number, from: number) => void

/**
 * Looks for many texts at once. Most characters are never read: a pair of them that stands in no text, or far from
 * the end of each, says how far the next place is where one can end (Wu and Manber, A fast algorithm for multi-pattern
 * searching, 1994). It costs little more for a thousand texts than for one.
 */
export class TextSearch {
  private readonly texts: readonly string[]
  /** So much of the beginning of each text is looked for first: as much as the shortest has. */
  private readonly length: number
  private readonly mask: number
  /** By pair of characters: how far it is at least to the end of such a beginning. */
  private readonly shifts: Uint8Array
  /** By the pair with which their beginning ends: the indexes of the texts. */
  private readonly endingWith = new Map<number, number[]>()

  constructor(texts: readonly string[]) {
    this.texts = texts
    this.length = texts.reduce((least, { length }) => Math.min(least, length), Infinity)
    if (this.length < 2) throw new RangeError('a text to look for must have two characters')
    this.mask = tableSizeFor(texts.length * this.length) - 1
    this.shifts = new Uint8Array(this.mask + 1).fill(Math.min(this.length - 1, 255))
    texts.forEach((text, index) => this.add(text, index))
  }

  /**
   * Finds every place where one of the texts begins, from `from` up to `end`, also where they lie over each other. It
   * may go on behind `end`.
   */
  search(text: string, found: Found, from = 0, end = text.length): void {
    const { shifts, mask, length } = this
    const stop = Math.min(end + length - 1, text.length)
    for (let at = from + length - 1; at < stop;) {
      const pair = pairAt(text, at) & mask
      const shift = shifts[pair] ?? 0
      if (shift === 0) this.compare(pair, text, at - length + 1, found)
      at += shift === 0 ? 1 : shift
    }
  }

  private add(text: string, index: number): void {
    const last = this.length - 1
    for (let at = 1; at <= last; at++) {
      const pair = pairAt(text, at) & this.mask
      this.shifts[pair] = Math.min(this.shifts[pair] ?? 0, last - at)
    }
    const lastPair = pairAt(text, last) & this.mask
    const ending = this.endingWith.get(lastPair)
    if (ending) ending.push(index)
    else this.endingWith.set(lastPair, [index])
  }

  private compare(pair: number, text: string, from: number, found: Found): void {
    for (const index of this.endingWith.get(pair) ?? []) if (text.startsWith(this.texts[index] ?? '', from)) found(index, from)
  }
}

/** A number for the pair of characters that ends at this place. Several pairs may share one: that only skips less. */
const pairAt = (text: string, at: number): number => (text.charCodeAt(at - 1) << 5) ^ text.charCodeAt(at)

function tableSizeFor(pairs: number): number {
  let size = 1_024
  while (size < 4 * pairs && size < maxTableSize) size *= 2
  return size
}

const searches = new WeakMap<readonly string[], TextSearch>()

/** The search for these texts, prepared once: the same list is looked for again and again. */
export function searchFor(texts: readonly string[]): TextSearch {
  const known = searches.get(texts)
  if (known) return known
  const search = new TextSearch(texts)
  searches.set(texts, search)
  return search
}
