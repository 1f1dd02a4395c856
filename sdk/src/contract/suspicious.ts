/**
 * Finds characters in a tool definition that a reviewer cannot see, or would misread, and a model reads. Each finding
 * is a text such as `description: zero-width character U+200B`. At most 20 findings, however large or deep the
 * definition is.
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
      if (isOrdinary(char)) continue
      findings.add(`${path}: ${kind} ${codeOf(char)}`)
    }
  }
  for (const char of lookAlikes(text)) if (findings.size < maxFindings) findings.add(`${path}: look-alike letter ${codeOf(char)}`)
}

const word = /[\p{L}\p{M}]+/gu
const latin = /\p{Script=Latin}/u
/**
 * Letters that are taken for Latin ones. Of Greek, only those: other Greek letters stand in units and formulas, such as
 * `μs`.
 */
const lookAlike = /[\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορτυχϲϳ]/gu
const likeLatin = 'АВЕКМНОРСТХУЅІЈҮԌԚԜасеорхуѕіјһԁԛԝү'
const cyrillicLikeLatin = new RegExp(`[${likeLatin}]`, 'u')
const otherCyrillic = new RegExp(String.raw`(?![${likeLatin}])\p{Script=Cyrillic}`, 'u')

/** Does the word have letters of several scripts that are taken for each other? */
const isMixed = (text: string) => latin.test(text) && text.search(lookAlike) >= 0

/** Letters that pretend to be Latin: in a word with Latin ones, or in a text that has no other Cyrillic letters. */
function lookAlikes(text: string): Set<string> {
  if (!isMixed(text)) return new Set()
  const [pretending] = otherCyrillic.test(text) ? [] : (cyrillicLikeLatin.exec(text) ?? [])
  const inWords = (text.match(word) ?? []).filter(isMixed).flatMap((mixed) => {
    // A few say enough of a word without end.
    const first = mixed.slice(Math.max(0, mixed.search(lookAlike)))
    return first.slice(0, maxFindings).match(lookAlike) ?? []
  })
  return new Set(pretending === undefined ? inWords : [...inWords, pretending])
}

/** Makes a text safe to review: invisible characters and look-alike letters are written out, such as `<U+200B>`. */
export const plain = (text: string): string =>
  kinds
    .reduce((escaped, { pattern }) => escaped.replaceAll(pattern, (char) => (isOrdinary(char) ? char : written(char))), text)
    .replaceAll(word, (letters) => (isMixed(letters) ? letters.replaceAll(lookAlike, written) : letters))

const written = (char: string) => `<${codeOf(char)}>`

/** A character has two UTF-16 units at most. */
const isOrdinary = ({ length }: string) => length > 2

const codeOf = (char: string) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** Scripts whose ordinary texts have zero-width joiners and non-joiners between letters. */
const joining = String.raw`\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}`
/** Beside them, the ideographic space is ordinary. */
const ideographic = String.raw`\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{P}`

/**
 * What is ordinary is not suspicious: emoji of several characters (Unicode TR51), joiners in scripts that need them,
 * blanks that do not break beside punctuation and digits, the ideographic space. In any other place they can hide text.
 */
const kinds: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'control character', pattern: /(?![\t\n\r])\p{Cc}/gu },
  { kind: 'bidirectional control', pattern: /\p{Bidi_Control}/gu },
  {
    kind: 'zero-width character',
    pattern: new RegExp(
      String.raw`[\u200b\u2060\ufeff\u180e]` +
        String.raw`|\u200c(?:(?<![${joining}]\p{M}{0,4}\u200c)|(?![${joining}]))` +
        String.raw`|\u200d(?:(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f${joining}]\p{M}{0,4}\u200d)` +
        String.raw`|(?<![${joining}]\p{M}{0,4}\u200d)(?![\p{Extended_Pictographic}\u2640\u2642\u2695]))`,
      'gu',
    ),
  },
  // Flags of regions are written with tags. A match of more than one character is such a flag, and ordinary.
  { kind: 'tag character', pattern: new RegExp(String.raw`\p{RGI_Emoji_Tag_Sequence}|[\u{e0000}-\u{e007f}]`, 'gv') },
  { kind: 'hidden selector', pattern: /(?!\ufe0f)\p{Variation_Selector}|\ufe0f(?<![\p{Extended_Pictographic}\p{Emoji}]\ufe0f)/gu },
  {
    kind: 'invisible character',
    pattern:
      /(?![\p{Bidi_Control}\p{Variation_Selector}\u200b-\u200d\u2060\ufeff\u180e\u{e0000}-\u{e007f}])[\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufff9-\ufffb]/gu,
  },
  {
    kind: 'odd blank',
    pattern: new RegExp(
      String.raw`(?![ \u00a0\u2009\u202f\u3000])\p{Zs}` +
        String.raw`|[\u00a0\u2009\u202f](?<![\p{P}\p{S}\p{N}].)(?![\p{P}\p{S}\p{N}])` +
        String.raw`|\u3000(?<![${ideographic}].)(?![${ideographic}])`,
      'gu',
    ),
  },
  // Small capitals, parenthesised and enclosed letters, full-width letters, mathematical letters and digits.
  {
    kind: 'letter in disguise',
    pattern:
      /[\u1d00-\u1d2b\u249c-\u24e9\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f12b}\u{1f130}-\u{1f149}\u{1f150}-\u{1f169}\u{1f172}-\u{1f17d}\u{1f180}-\u{1f189}](?!\ufe0f)|(?![\u2126\u212b])(?=\p{L})[\u2100-\u2134](?!\ufe0f)/gu,
  },
  { kind: 'private character', pattern: /\p{Co}/gu },
  { kind: 'broken character', pattern: /\p{Cs}/gu },
]
