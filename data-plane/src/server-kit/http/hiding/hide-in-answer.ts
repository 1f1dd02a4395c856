import { LRUCache } from 'lru-cache'
import { redactJson, redactText } from '../../../secrets/redact.ts'
import { spellingsOf } from '../../../secrets/spellings.ts'
import { hideAtTheCut } from './at-the-cut.ts'

/** What of an answer can hold a secret. */
interface Answer {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  /** A part of the body was left out. */
  readonly cut: boolean
}

/** Spelling a value out takes longer than to look for it. Few: each costs kilobytes. */
const spelled = new LRUCache<string, readonly string[]>({ max: 500, ttl: 60_000 })

/**
 * An answer without the secret that it was asked with, before anything of it is cut, quoted or put together: half of a
 * value is found by nobody later.
 */
export function hideInAnswer<A extends Answer>(answer: A, values: readonly string[], keep: 'all' | 'head' | 'tail'): A {
  const secrets = values.flatMap(spellings)
  if (secrets.length === 0) return answer
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, redactText(value, secrets)]))
  const text = answer.bytes.toString('utf8')
  const hidden = isJson(answer, text) ? redactJson(text, secrets) : redactText(text, secrets)
  const whole = answer.cut ? hideAtTheCut(hidden, secrets, { start: keep === 'tail', end: keep === 'head' }) : hidden
  return { ...answer, headers, bytes: whole === text ? answer.bytes : Buffer.from(whole) }
}

function spellings(value: string): readonly string[] {
  const known = spelled.get(value)
  if (known) return known
  const made = spellingsOf(value)
  spelled.set(value, made)
  return made
}

/** JSON may write any character of a text as an escape. */
function isJson({ headers, cut }: Answer, text: string): boolean {
  if (cut || !/json/i.test(headers['content-type'] ?? '')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
