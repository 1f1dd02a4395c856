/**
 * Finds characters in a tool definition that a reviewer cannot see and a model reads. Each finding is a text such as
 * `description: zero-width character U+200B`. At most 20 findings, however large or deep the definition is.
 */
export function suspicions(definition: unknown): string[] {
  const findings = new Set<string>()
  walk(definition, '', findings, 0)
  return [...findings]
}

const maxFindings = 20
const maxDepth = 64
const maxKeyLength = 60

function walk(value: unknown, path: string, findings: Set<string>, depth: number): void {
  if (findings.size >= maxFindings || depth > maxDepth) return
  if (typeof value === 'string') return inspect(value, path, findings)
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${key}]` : `${path === '' ? '' : `${path}.`}${plain(key.slice(0, maxKeyLength))}`
    inspect(key, `the name ${place}`, findings)
    walk(inner, place, findings, depth + 1)
  }
}

/** Most texts consist of these characters alone. They need no further check. */
const plainAscii = /^[\t\n\r\u0020-\u007e]*$/

function inspect(text: string, path: string, findings: Set<string>): void {
  if (plainAscii.test(text)) return
  for (const { kind, pattern } of kinds) {
    for (const [char] of text.matchAll(pattern)) {
      if (findings.size >= maxFindings) return
      findings.add(`${path}: ${kind} ${codeOf(char)}`)
    }
  }
}

/** Makes a text safe to review: invisible characters are written out, such as `<U+200B>`. */
export const plain = (text: string): string =>
  kinds.reduce((escaped, { pattern }) => escaped.replaceAll(pattern, (char) => `<${codeOf(char)}>`), text)

const codeOf = (char: string) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/**
 * A zero-width joiner between two emoji and a selector after an
 * emoji are ordinary. In any other place they can hide text.
 */
const kinds: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'control character', pattern: /(?![\t\n\r])\p{Cc}/gu },
  { kind: 'bidirectional control', pattern: /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu },
  {
    kind: 'zero-width character',
    pattern:
      /[\u200b\u200c\u2060\ufeff\u180e]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic}|[\u2640\u2642\u2695])/gu,
  },
  { kind: 'tag character', pattern: /[\u{e0000}-\u{e007f}]/gu },
  { kind: 'hidden selector', pattern: /[\u{e0100}-\u{e01ef}\ufe00-\ufe0e]|(?<![\p{Extended_Pictographic}\p{Emoji}])\ufe0f/gu },
  {
    kind: 'invisible character',
    pattern: /\u034f|\u17b4|\u17b5|[\u00ad\u115f\u1160\u2028\u2029\u2061-\u2065\u206a-\u206f\u2800\u3164\uffa0\ufff9-\ufffb]/gu,
  },
  { kind: 'private character', pattern: /\p{Co}/gu },
  { kind: 'broken character', pattern: /\p{Cs}/gu },
]
