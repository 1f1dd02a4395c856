/** Brackets in brackets, at any place of a statement. A tree of 300 levels, the most that is walked, has fewer. */
const maxDepth = 200

/**
 * Whether brackets nest too deep for a text to be worth parsing. One pass, which skips quoted texts and comments as
 * PostgreSQL's lexer does (PostgreSQL manual, 4.1). Only the time of the parser depends on the answer, never what may
 * run.
 */
export function nestsTooDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '(' || char === '[') {
      if (++depth > maxDepth) return true
    } else if (char === ')' || char === ']') depth--
    else at = lastOfQuoted(text, at)
  }
  return false
}

/** The last character of the quoted text or comment that begins at `at`. Where none begins, `at` itself. */
function lastOfQuoted(text: string, at: number): number {
  switch (text.charAt(at)) {
    case "'":
      return hasEscapes(text, at) ? lastOf(text, at, escapedText) : lastOf(text, at, plainText)
    case '"':
      return lastOf(text, at, quotedName)
    case '$':
      return /[\w$]/.test(text[at - 1] ?? '') ? at : lastOf(text, at, dollarText)
    case '-':
      return text[at + 1] === '-' ? lastOf(text, at, lineComment) : at
    case '/':
      return text[at + 1] === '*' ? lastOfComment(text, at) : at
    default:
      return at
  }
}

// Each ends at the end of the text if it is not closed. A doubled quote begins a new text, which has the same effect.
const plainText = /'[^']*'?/y
const escapedText = /'(?:[^'\\]|\\[^]|'')*'?/y
const quotedName = /"[^"]*"?/y
const dollarText = /(\$(?:[^\W\d]\w*)?\$)(?:[^]*?\1|[^]*)/y
const lineComment = /--[^\n\r]*/y

/** Whether the text that begins at `at` is written E'…'. */
const hasEscapes = (text: string, at: number): boolean => /[eE]/.test(text[at - 1] ?? '') && !/[\w$]/.test(text[at - 2] ?? '')

function lastOf(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at
  return Math.max(at, pattern.test(text) ? pattern.lastIndex - 1 : at)
}

/** Comments nest. */
function lastOfComment(text: string, at: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let match = edge.exec(text); match; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex - 1
  }
  return text.length
}
