/** Hebrew, Arabic, Syriac and what else is written from right to left. */
const rightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u
const digit = /^[\d\u0660-\u0669\u06F0-\u06F9]/
const letter = /^\p{L}/u
/** What joins digits to one number. */
const insideNumber = /^[.,:/]$/

export const isRightToLeft = (text: string) => rightToLeft.test(text)

export interface Piece {
  text: string
  isRightToLeft: boolean
}

/**
 * The characters of a line as they stand on paper, from the left, in pieces that run one way. The text of a piece stays
 * as it is written. The rules are those of UAX #9, without its marks and embeddings, for a line that begins on the
 * left, as the rasteriser has it.
 */
export function visualOrder(characters: string[]): Piece[] {
  const levels = levelsOf(characters)
  const runs: { level: number; text: string[] }[] = []
  for (const [i, character] of characters.entries()) {
    const run = runs.at(-1)
    if (run && run.level === levels[i]) run.text.push(character)
    else runs.push({ level: levels[i] ?? 0, text: [character] })
  }
  const ordered: typeof runs = []
  let turned: typeof runs = []
  for (const run of runs) {
    if (run.level > 0) {
      turned.unshift(run)
      continue
    }
    ordered.push(...turned, run)
    turned = []
  }
  ordered.push(...turned)
  return ordered.map(({ level, text }) => ({ text: text.join(''), isRightToLeft: level === 1 }))
}

/** 0 for what runs to the right, 1 for what runs to the left, 2 for numbers within that (UAX #9, 3.3.4 to 3.3.6). */
function levelsOf(characters: string[]): number[] {
  const before: number[] = [] // of the last character that has a level of its own
  const levels = characters.map((character, i) => {
    const last = before.at(-1) ?? 0
    const isNumber = digit.test(character) || (insideNumber.test(character) && last === 2 && digit.test(characters[i + 1] ?? ''))
    const level = isNumber ? Math.sign(last) * 2 : ownLevelOf(character)
    before.push(level ?? last)
    return level
  })
  // Signs and spaces run as what is on both sides of them does.
  let after = 0
  for (let i = levels.length - 1; i >= 0; i--) {
    after = levels[i] ?? after
    levels[i] ??= after > 0 && (before[i] ?? 0) > 0 ? 1 : 0
  }
  return levels.map((level) => level ?? 0)
}

function ownLevelOf(character: string): number | undefined {
  if (isRightToLeft(character)) return 1
  return letter.test(character) ? 0 : undefined
}
