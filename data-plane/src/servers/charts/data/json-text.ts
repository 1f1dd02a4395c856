/** Of longer texts, only the beginning is searched. */
const maxSearchedChars = 200_000

/**
 * Says where a text breaks that `JSON.parse` refuses, with what stands before. V8 tells the position of some faults
 * only, so the longest beginning is sought that lacks nothing but its end.
 */
export function whereBroken(text: string): string {
  const searched = text.slice(0, maxSearchedChars)
  if (text.trim() === '') return 'it is empty'
  if (isBeginning(searched)) return text === searched ? 'it ends too early' : `it breaks after ${maxSearchedChars} characters`

  let [fine, broken] = [0, searched.length]
  while (broken - fine > 1) {
    const middle = (fine + broken) >> 1
    if (isBeginning(searched.slice(0, middle))) fine = middle
    else broken = middle
  }
  const before = searched.slice(0, fine)
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return `it breaks at line ${line}, column ${column}, after ${JSON.stringify(before.slice(-40))}`
}

/** Whether a text is JSON, or would be if it went on. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const [, position] = /at position (\d+)/.exec(String(error)) ?? []
    return /end of JSON input|Unterminated string/.test(String(error)) || Number(position) >= text.length
  }
}
