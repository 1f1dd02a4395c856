import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'

const hidden = '[secret]'
/** Shorter values occur in any text. */
const minChars = 4

/** The verdict without the values: a service may repeat in its answer what it was sent. */
export function withoutValues(verdict: SecretVerdict, fields: SecretFields): SecretVerdict {
  const forms = Object.values(fields)
    .filter((value) => value.length >= minChars)
    .flatMap(formsOf)
  return clean(verdict, forms) as SecretVerdict
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  const escaped = JSON.stringify(value).slice(1, -1)
  return [...new Set([value, escaped, encodeURIComponent(value), base64, bytes.toString('base64url'), bytes.toString('hex')])]
}

function clean(value: unknown, forms: readonly string[]): unknown {
  if (typeof value === 'string') return forms.reduce((text, form) => text.replaceAll(form, hidden), value)
  if (Array.isArray(value)) return value.map((item) => clean(item, forms))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner, forms)]))
}
