import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonOf } from '../json/sourced-object.ts'
import type { SourcedObject } from '../json/sourced-object.ts'
import { VerbatimJson } from '../json/verbatim.ts'
import { LONG_CHARS } from '../runtime/event-loop.ts'
import { HIDDEN, redact, redactJson, redactLong, redactText } from './redact.ts'
import { spellingsOf } from './spellings.ts'

const secret = 'key/ə"12'
const sourced = (text: string): SourcedObject => {
  const value = JSON.parse(text) as SourcedObject['value']
  return { value, source: new VerbatimJson(value, text) }
}

test.for([
  ['as we write it', '{"text":"it is key/ə\\"12!"}'],
  ['with slashes escaped, as some servers do', '{"text":"it is key\\/ə\\"12!"}'],
  ['with everything but ASCII escaped, as others do', '{"text":"it is key/\\u0259\\u002212!"}'],
  ['in the key of a member', '{"key/ə\\"12":1}'],
] as const)('a secret %s does not come back', ([, text]) => {
  const json = jsonOf(redact(sourced(text), [secret]))
  expect(JSON.stringify(JSON.parse(json))).not.toContain(JSON.stringify(secret).slice(1, -1))
  expect(json).toContain('•••')
})

test('an object without a secret in it is the very same object', () => {
  const object = sourced('{ "text":"short \\/ \\u0259", "n":1.0 }')
  expect(redact(object, [secret])).toBe(object)
  expect(redact(object, [])).toBe(object)
})

test.for(['it is key/ə\\"12!', 'it is key\\/\\u0259\\u002212!'])('beside a secret, as in "%s", everything is as it was written', (text) => {
  const redacted = redact(sourced(`{ "n":1.0,"long":[12345678901234567890,-0.0],"text":"${text}" }`), [secret])
  expect(jsonOf(redacted)).toBe('{ "n":1.0,"long":[12345678901234567890,-0.0],"text":"it is •••!" }')
})

test.for([
  ['of digits, in a number', '123456', '{"n":-9123456.5,"m":[1.0,12345]}', '{"n":"•••","m":[1.0,12345]}'],
  ['of digits, in a number and in a text', '123456', '{"123456":[123456,"a123456b"]}', '{"•••":["•••","a•••b"]}'],
  ['that begins as an escape ends', 'n12345', '{"a":"\\n12345","b":"n12345"}', '{"a":"\\n12345","b":"•••"}'],
  ['that could stand between values', '1,2,3,4', '{"a":[1,2,3,4],"b":"1,2,3,4"}', '{"a":[1,2,3,4],"b":"•••"}'],
  ['beside strings in other spellings', 'sesame', '{"a":"\\u0041\\/","b":"open sesame"}', '{"a":"\\u0041\\/","b":"open •••"}'],
] as const)('a secret %s leaves good JSON behind', ([, digits, text, left]) => {
  expect(jsonOf(redact(sourced(text), [digits]))).toBe(left)
})

test('in a long object each of many secrets is found, the last one too, and others have their turn meanwhile', async () => {
  const secrets = Array.from({ length: 50 }, (_, at) => `secret/${at}/of/many`)
  const long = (first: string, last: string) => `{"n":1.0,"filler":"${'x'.repeat(4_000_000)}","text":"${first} and ${last}"}`
  const work = redactLong(sourced(long('secret/0/of/many', 'secret\\/49/of/many')), secrets)
  let turns = 0
  let next = setImmediate(function other() {
    turns++
    next = setImmediate(other)
  })
  const redacted = await work
  clearImmediate(next)
  expect(jsonOf(redacted)).toBe(long('•••', '•••'))
  expect(turns).toBeGreaterThan(10)
})

test.for([0, 5, secret.length])(
  'in a long object a secret is found whose first %i characters end a piece that is searched in one turn',
  async (before) => {
    const start = '{"text":"'
    const filler = 'x'.repeat(LONG_CHARS - start.length - before)
    const redacted = await redactLong({ value: { text: filler + secret } }, [secret])
    expect(jsonOf(redacted)).toBe(`${start}${filler}•••"}`)
  },
)

test('a text has every secret hidden, each time it stands there', () => {
  expect(redactText('a sesame, a sesame and a barley', ['sesame', 'barley'])).toBe('a •••, a ••• and a •••')
})

/** The plainest way: one spelling after the other, in each string of the value. */
function plainly(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return secrets.reduce((left, secret) => left.replaceAll(secret, HIDDEN), value)
  if (Array.isArray(value)) return value.map((item) => plainly(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [plainly(key, secrets), plainly(member, secrets)]))
}

const aSecret = fc.string({ unit: fc.constantFrom(...'ab1/+="\\%& é\nʂ-'.split('')), minLength: 6, maxLength: 40 })
const somePeople = fc.array(aSecret, { minLength: 1, maxLength: 6 })

/** A server's words: some of its own, whole secrets in any spelling, and parts of them. */
const someWords = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.record({ which: fc.nat(), cutTo: fc.option(fc.nat(30)) }),
    fc.string({ maxLength: 9 }),
  ),
  { maxLength: 8 },
)

/** The same JSON, as others may write it. */
const writers: readonly ((json: string) => string)[] = [
  (json) => json,
  (json) => json.replaceAll('/', '\\/'),
  (json) => json.replaceAll(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
]

test('what is left of any answer, however it is written, is what a plain search for each spelling leaves', async () => {
  const answers = fc.tuple(somePeople, someWords, someWords, fc.constantFrom(undefined, ...writers))
  const isSame = async ([people, first, second, write]: typeof answers extends fc.Arbitrary<infer T> ? T : never) => {
    const secrets = [...new Set(people.flatMap(spellingsOf))].sort((a, b) => b.length - a.length)
    const said = (words: typeof first) =>
      words
        .map((word) => {
          if (typeof word === 'string') return word
          const spelling = secrets[word.which % secrets.length] ?? ''
          return spelling.slice(0, word.cutTo ?? spelling.length)
        })
        .join('')
    const value = { [said(second)]: [said(first), { n: 1.5, text: said(second) + said(first) }, null] }
    const object = write ? sourced(write(JSON.stringify(value))) : { value }
    const left = plainly(value, secrets)
    expect(JSON.parse(jsonOf(redact(object, secrets)))).toEqual(left)
    expect(JSON.parse(jsonOf(await redactLong(object, secrets)))).toEqual(left)
    expect(JSON.parse(redactJson(jsonOf(object), secrets))).toEqual(left)
    expect(redactText(said(first), secrets)).toBe(plainly(said(first), secrets))
  }
  await fc.assert(fc.asyncProperty(answers, isSame), { numRuns: 500 })
})
