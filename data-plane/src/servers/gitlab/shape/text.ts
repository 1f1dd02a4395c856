import { z } from 'zod'

/** Text on one line for a list: without line breaks and control characters, and no longer than this. */
export function oneLine(text: string, maxChars = 300): string {
  const line = text
    .slice(0, 4 * maxChars)
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
