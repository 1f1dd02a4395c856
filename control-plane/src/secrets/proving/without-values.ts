import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { storableVerdict } from './storable-verdict.ts'

const hidden = '[secret]'
/** Shorter values occur in any text. */
const minChars = 4

/** The verdict without the values: a service may repeat in its answer what it was sent. */
export function withoutValues(verdict: SecretVerdict, fields: SecretFields): SecretVerdict {
  const forms = Object.values(fields)
    .filter((value) => value.length >= minChars)
    .flatMap(formsOf)
  // The longest first: of a value that begins with another one, the rest would stay.
  forms.sort((a, b) => b.length - a.length)
  return clean(storableVerdict(verdict), forms) as SecretVerdict
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const encoded = encodeURIComponent(value.toWellFormed())
  const inBase64 = [0, 1, 2].flatMap((before) => [base64Behind(bytes, before, 'base64'), base64Behind(bytes, before, 'base64url')])
  return [
    ...new Set([
      value,
      JSON.stringify(value).slice(1, -1),
      encoded,
      encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      ...inBase64,
    ]),
  ]
}

/** How bytes look in base64 behind `before` others, as a token does behind the name of its user (RFC 7617). */
function base64Behind(bytes: Buffer, before: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding)
  // The characters at both ends depend on what stands there.
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
}

function clean(value: unknown, forms: readonly string[]): unknown {
  if (typeof value === 'string') return forms.reduce((text, form) => text.replaceAll(form, hidden), value)
  if (Array.isArray(value)) return value.map((item) => clean(item, forms))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner, forms)]))
}
