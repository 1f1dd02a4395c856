/**
 * Cuts a text to `max` characters and adds a line that says what is missing. It never cuts through a character or a
 * JSON token. `more` counts the texts after this one that are left out.
 */
export function cutText(text: string, max: number, more = 0): string {
  if (text.length <= max && more === 0) return text
  const end = text.length <= max ? text.length : wholeCharacters(text, /^\s*[[{]/.test(text) ? wholeTokens(text, max) : max)
  const after = more === 0 ? '' : ` and ${more} ${more === 1 ? 'text' : 'texts'} after them`
  return `${text.slice(0, end)}\n[cut: ${text.length - end} of ${text.length} characters${after} are missing]`
}

const wholeCharacters = (text: string, end: number) => (isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end)

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff

/** The last place at or before `max` where a JSON text is between two values. */
function wholeTokens(text: string, max: number): number {
  let inString = false
  let safe = 0
  for (let at = 0; at < max; at++) {
    const unit = text[at]
    if (inString && unit === '\\') at++
    else if (unit === '"') inString = !inString
    else if (!inString && (unit === ',' || unit === '[' || unit === '{' || unit === ']' || unit === '}')) safe = at + 1
  }
  return safe === 0 ? max : safe
}
