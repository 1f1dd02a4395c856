/** Characters in a definition that a person who reviews it does not see, and a model reads. Pure. */

/** A finding per character and place, such as `description: zero-width character U+200B`; bounded, whatever is given. */
export function suspicions(definition: unknown): string[] {
  const found = new Set<string>()
  walk(definition, '', found, 0)
  return [...found]
}

const max = 20
const deepest = 64
const maxKeyLength = 60

function walk(value: unknown, path: string, found: Set<string>, depth: number): void {
  if (found.size >= max || depth > deepest) return
  if (typeof value === 'string') return look(value, path, found)
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${key}]` : `${path === '' ? '' : `${path}.`}${plain(key.slice(0, maxKeyLength))}`
    look(key, `the name ${place}`, found)
    walk(inner, place, found, depth + 1)
  }
}

/** Most text is this, and needs no second look. */
const ordinary = /^[\t\n\r\u0020-\u007e]*$/

function look(text: string, path: string, found: Set<string>): void {
  if (ordinary.test(text)) return
  for (const { kind, of } of kinds) {
    for (const [char] of text.matchAll(of)) {
      if (found.size >= max) return
      found.add(`${path}: ${kind} ${codeOf(char)}`)
    }
  }
}

/** Text as a person can review it: what would not be seen is written out. */
export const plain = (text: string): string => kinds.reduce((shown, { of }) => shown.replaceAll(of, (char) => `<${codeOf(char)}>`), text)

const codeOf = (char: string) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** A joiner between two pictures makes one picture of them (as in a family); a selector after a picture colours it. Anywhere else they hide. */
const kinds: readonly { kind: string; of: RegExp }[] = [
  { kind: 'control character', of: /(?![\t\n\r])\p{Cc}/gu },
  { kind: 'bidirectional control', of: /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu },
  {
    kind: 'zero-width character',
    of: /[\u200b\u200c\u2060\ufeff\u180e]|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic}|[\u2640\u2642\u2695])/gu,
  },
  { kind: 'tag character', of: /[\u{e0000}-\u{e007f}]/gu },
  { kind: 'hidden selector', of: /[\u{e0100}-\u{e01ef}\ufe00-\ufe0e]|(?<![\p{Extended_Pictographic}\p{Emoji}])\ufe0f/gu },
  {
    kind: 'invisible character',
    of: /\u034f|\u17b4|\u17b5|[\u00ad\u115f\u1160\u2028\u2029\u2061-\u2065\u206a-\u206f\u2800\u3164\uffa0\ufff9-\ufffb]/gu,
  },
  { kind: 'private character', of: /\p{Co}/gu },
  { kind: 'broken character', of: /\p{Cs}/gu },
]
