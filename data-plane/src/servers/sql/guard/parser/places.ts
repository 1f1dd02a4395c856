/** A token of the text, as PostgreSQL's lexer reads it. Positions count the bytes of the text's UTF-8 form. */
export interface Token {
  start: number
  end: number
  text: string
  tokenName: string
}

/** A part of the text: from `start` up to, and without, `end`. Counted in bytes of its UTF-8 form. */
export interface Span {
  start: number
  end: number
}

/** Where a table is named in a FROM. */
export interface TablePlace extends Span {
  /** The reference is the command `TABLE name`, and the span begins at the word TABLE. */
  isTableCommand: boolean
}

/** Where a column is named, and where its name begins without the part before the first dot. */
export interface ColumnPlace {
  start: number
  afterFirstPart: number | undefined
}

type Node = Record<string, unknown>

/**
 * Finds the exact places of names in a text. The parser tells only where a name begins; the lexer's tokens tell where
 * it ends. A place that is not exactly the name of the node is undefined.
 */
export class Places {
  private readonly tokens: readonly Token[]
  private readonly indexByStart: ReadonlyMap<number, number>

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens.filter(({ tokenName }) => !tokenName.endsWith('COMMENT'))
    this.indexByStart = new Map(this.tokens.map(({ start }, index) => [start, index]))
  }

  /** The place of a node whose name a rewriting may change. */
  of(kind: string, node: Node): TablePlace | ColumnPlace | Span | undefined {
    const index = this.indexByStart.get(typeof node['location'] === 'number' ? node['location'] : 0)
    if (index === undefined) return undefined
    if (kind === 'RangeVar') return this.tablePlace(node, index)
    if (kind === 'ColumnRef') return this.columnPlace(index)
    if (kind === 'FuncCall') return this.functionPlace(node, index)
    return this.samplePlace(index)
  }

  private tablePlace(node: Node, first: number): TablePlace | undefined {
    const names = [node['schemaname'], node['relname']].filter((name) => typeof name === 'string')
    let next = this.afterNames(first, names)
    if (next === undefined) return undefined
    let before = first - 1
    if (node['inh'] !== true) {
      const isParenthesised = this.isWord(before, '(') && this.isWord(before - 1, 'only') && this.isWord(next, ')')
      if (isParenthesised) [before, next] = [before - 1, next + 1]
      if (!this.isWord(before, 'only')) return undefined
      before--
    } else if (this.isWord(next, '*')) next++
    const isTableCommand = this.isWord(before, 'table')
    if (isTableCommand) before--
    return { start: this.tokens[before + 1]?.start ?? 0, end: this.tokens[next - 1]?.end ?? 0, isTableCommand }
  }

  private columnPlace(first: number): ColumnPlace {
    const afterFirst = this.afterName(first)
    const second = this.isWord(afterFirst, '.') ? this.tokens[afterFirst + 1] : undefined
    return { start: this.tokens[first]?.start ?? 0, afterFirstPart: second?.start }
  }

  private functionPlace({ funcname }: Node, first: number): Span | undefined {
    const [name, ...furtherParts] = (funcname as { String?: { sval?: string } }[]).map((part) => part.String?.sval)
    const token = this.tokens[first]
    if (!token || furtherParts.length > 0 || foldName(token.text) !== name) return undefined
    return { start: token.start, end: token.end }
  }

  /** The parser tells where the name of the method stands, which follows the word TABLESAMPLE. */
  private samplePlace(method: number): Span | undefined {
    const keyword = this.tokens[method - 1]
    if (!keyword || !this.isWord(method - 1, 'tablesample')) return undefined
    const end = this.afterParentheses(this.afterName(method))
    const repeatableEnd = this.isWord(end, 'repeatable') ? this.afterParentheses(end + 1) : end
    return { start: keyword.start, end: this.tokens[repeatableEnd - 1]?.end ?? keyword.end }
  }

  private afterParentheses(opening: number): number {
    let depth = 0
    for (let index = opening; index < this.tokens.length; index++) {
      if (this.isWord(index, '(')) depth++
      if (this.isWord(index, ')') && --depth === 0) return index + 1
    }
    return this.tokens.length
  }

  /** The index after `a.b`; undefined when the tokens are not these names. */
  private afterNames(first: number, names: readonly string[]): number | undefined {
    let index = first
    for (const [position, name] of names.entries()) {
      if (position > 0 && !this.isWord(index++, '.')) return undefined
      const token = this.tokens[index]
      // The escapes of a name like U&"d\0061t" are not read here. Its place is certain by the tokens around it.
      if (!token || (!isEscaped(token.text) && foldName(token.text) !== name)) return undefined
      index = this.afterName(index)
    }
    return index
  }

  /** A name with escapes may be followed by `UESCAPE '!'`. */
  private afterName(index: number): number {
    return isEscaped(this.tokens[index]?.text ?? '') && this.isWord(index + 1, 'uescape') ? index + 3 : index + 1
  }

  private isWord(index: number, word: string): boolean {
    return this.tokens[index]?.text.toLowerCase() === word
  }
}

const isEscaped = (text: string) => /^u&"/i.test(text)

const maxNameBytes = 63

/**
 * The name that PostgreSQL reads in a token: unquoted ASCII letters become lower case, the quotes of a quoted name go,
 * and a long name is cut at 63 bytes, between two characters.
 */
export function foldName(token: string): string {
  const name = token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  if (name.length * 3 <= maxNameBytes || Buffer.byteLength(name) <= maxNameBytes) return name
  let cutName = ''
  for (const character of name) {
    if (Buffer.byteLength(cutName + character) > maxNameBytes) break
    cutName += character
  }
  return cutName
}
