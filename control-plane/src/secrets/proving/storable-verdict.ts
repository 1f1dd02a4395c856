import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'

/** The last moment with a year of four digits. */
const lastMs = Date.UTC(9999, 11, 31)

/**
 * The verdict without what the database does not take: in its texts U+0000 and halves of characters, and a moment out
 * of all time. A service chooses all of them, and must not thereby keep its judgement from being written down.
 */
export function storableVerdict(verdict: SecretVerdict): SecretVerdict {
  const { expiresAtMs } = verdict
  return {
    ...(storable(verdict) as SecretVerdict),
    ...(expiresAtMs !== undefined && { expiresAtMs: Math.min(Math.max(expiresAtMs, 0), lastMs) }),
  }
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, storable(inner)]))
}
