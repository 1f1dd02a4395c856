import { z } from 'zod'

/** A moment as GitLab writes it (ISO 8601), read as UTC to the minute: `2026-11-30T08:15Z`. */
export const Minute = z.string().transform((text) => {
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? text.slice(0, 40) : `${new Date(atMs).toISOString().slice(0, 16)}Z`
})
