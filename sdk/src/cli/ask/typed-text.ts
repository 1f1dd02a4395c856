const pasteBegins = '\u001B[200~'
const pasteEnds = '\u001B[201~'
/** A key that is no character, such as an arrow: ECMA-48 §5.4 (CSI), §5.3 (SS3 and others). */
// oxlint-disable-next-line no-control-regex
const key = /^\u001B(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[^[O])/
/** The beginning of one, of which the rest is to come. */
// oxlint-disable-next-line no-control-regex
const partOfKey = /^\u001B(?:\[[0-?]*[ -/]*|O)?$/

const ctrlC = '\u0003'
const ctrlD = '\u0004'
const ctrlU = '\u0015'

/**
 * What a person types on a terminal in raw mode, where no system edits the line for them. Backspace and Ctrl-U delete.
 *
 * A paste is taken whole: a line break inside it is part of the value, so nothing of it is left for the shell. The
 * terminal marks pastes ("bracketed paste"); of one that does not, a line end with more text behind it in the same
 * piece is part of a paste.
 */
export class TypedText {
  private readonly lines: boolean
  private characters: string[] = []
  private isPasting = false
  private pending = ''

  /** `lines`: the value has lines. Then Enter begins a new one, and only Ctrl-D ends. */
  constructor({ lines }: { lines: boolean }) {
    this.lines = lines
  }

  get text(): string {
    return this.characters.join('')
  }

  /** Takes what the terminal sent. Enter or Ctrl-D ends the text, Ctrl-C gives it up. */
  take(piece: string): 'more' | 'done' | 'interrupted' {
    let rest = this.pending + piece
    this.pending = ''
    while (rest !== '') {
      const step = this.isPasting ? this.pasted(rest) : this.typed(rest)
      if (typeof step !== 'number') return step
      rest = rest.slice(step)
    }
    return 'more'
  }

  /** How many characters were taken, or the end. */
  private pasted(rest: string): number | 'more' {
    if (rest.startsWith(pasteEnds)) {
      this.isPasting = false
      return pasteEnds.length
    }
    if (pasteEnds.startsWith(rest)) return this.wait(rest)
    return this.add(rest)
  }

  private typed(rest: string): number | 'more' | 'done' | 'interrupted' {
    const [char = ''] = rest
    switch (char) {
      case ctrlC:
        return 'interrupted'
      case ctrlD:
        return 'done'
      case ctrlU:
        this.characters = []
        return 1
      case '\u007F':
      case '\b':
        this.characters.pop()
        return 1
      case '\u001B':
        return this.keyOf(rest)
      case '\r':
      case '\n':
        return !this.lines && rest.replace(/^\r?\n|^\r/, '') === '' ? 'done' : this.add(rest)
      default:
        return this.add(rest)
    }
  }

  private keyOf(rest: string): number | 'more' {
    if (rest.startsWith(pasteBegins)) {
      this.isPasting = true
      return pasteBegins.length
    }
    if (partOfKey.test(rest)) return this.wait(rest)
    return key.exec(rest)?.[0].length ?? 1
  }

  /** Takes one character. Terminals send CR for a line end. */
  private add(rest: string): number {
    const lineEnd = /^\r?\n|^\r/.exec(rest)?.[0]
    const char = lineEnd === undefined ? String.fromCodePoint(rest.codePointAt(0) ?? 0) : '\n'
    this.characters.push(char)
    return (lineEnd ?? char).length
  }

  private wait(rest: string): 'more' {
    this.pending = rest
    return 'more'
  }
}
