import { z } from 'zod'

/** What shows a text in another order than it has, and what is not seen at all: Unicode's bidi controls and tags. */
const disguises = /[\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/gu

/** Text on one line for a list: as it is read, without line breaks and control characters, and no longer than this. */
export function oneLine(text: string, maxChars = 300): string {
  const line = text
    .slice(0, 4 * maxChars)
    .replaceAll(disguises, '')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line
}

export const Line = z.string().transform((text) => oneLine(text))

/** Absent where GitLab has none, or an empty one. */
export const OptionalLine = z
  .string()
  .nullish()
  .transform((text) => (text ? oneLine(text) : undefined))
