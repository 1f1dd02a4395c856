/** The longest value of one field, in bytes of UTF-8. */
export const MAX_SECRET_BYTES = 64 * 1024

/** One line end at the end of what was read is not part of the value: editors and `echo` add it. */
export const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '')

/**
 * What is wrong with a value, in a sentence that does not hold it. Undefined: nothing. `lines`: the field's declaration
 * says that it has lines.
 */
export function valueFault(value: string, { lines }: { lines: boolean }): string | undefined {
  if (value === '') return 'it is empty'
  const bytes = new TextEncoder().encode(value).length
  if (bytes > MAX_SECRET_BYTES) return `it has ${bytes} bytes, and 64 KiB (${MAX_SECRET_BYTES} bytes) are the most`
  if (value.trim() === '') return 'it is blank'
  if (!lines && /[\r\n]/.test(value)) return 'it has a line break: copy it again as one line'
  if (!lines && value !== value.trim()) return 'it begins or ends with a blank: copy it again without'
  const control = lines ? /[^\P{Cc}\r\n\t]/u : /\p{Cc}/u
  if (control.test(value)) return 'it has a control character inside: copy it again as plain text'
  const [invisible] = lines ? [] : (/\p{Cf}/u.exec(value) ?? [])
  if (invisible !== undefined) return `it has an invisible character inside (${codePoint(invisible)}): type it, or copy it from elsewhere`
  if (/^(bearer|basic|token|private-token:?|authorization:)\s/i.test(value))
    return 'it begins with the name of a header or scheme: leave that away, and give the token alone'
  return undefined
}

/** Such as `U+200B`. */
const codePoint = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
