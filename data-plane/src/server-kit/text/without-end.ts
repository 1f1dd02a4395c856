/**
 * The text without this character at its end, however often it stands there. A pattern such as `/x+$/` would look from
 * every place of every run of it, in a time that grows with its square.
 */
export function withoutEnd(text: string, character: string): string {
  let { length } = text
  while (length > 0 && text[length - 1] === character) length--
  return text.slice(0, length)
}
