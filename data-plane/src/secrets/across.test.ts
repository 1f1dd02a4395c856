import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactText } from './redact.ts'
import { endOf, hideAcross, hideContinued } from './across.ts'
import { spellingsOf } from './spellings.ts'

const token = ['glpat', 'Zx9Qw7Er5Ty3Ui1Op2As'].join('-')
const secrets = spellingsOf(token)

const inBase64 = Buffer.from(token)
  .toString('base64')
  .slice(0, Math.floor((token.length * 8) / 6))

test.for([
  ['two', [`it is ${token.slice(0, 9)}`, `${token.slice(9)}, is it not`], ['it is •••', '•••, is it not']],
  ['every character', token.split(''), token.split('').map(() => '•••')],
  ['three, in base64', [inBase64.slice(0, 7), inBase64.slice(7, 20), inBase64.slice(20)], ['•••', '•••', '•••']],
  ['two, twice', [token.slice(0, 5), token.slice(5) + token.slice(0, 12), token.slice(12)], ['•••', '••••••', '•••']],
] as const)('a secret that is cut into %s is hidden in each text that has a part of it', ([, texts, hidden]) => {
  expect(hideAcross(texts, secrets)).toEqual(hidden)
})

test('texts without a secret across them are the very same array', () => {
  const texts = ['glpat-', 'or not', token.slice(0, 10)]
  expect(hideAcross(texts, secrets)).toBe(texts)
})

test('a secret that comes piece by piece is hidden from its half on', () => {
  let said = ''
  const left: string[] = []
  for (const piece of ['so: ', ...token.match(/.{1,3}/g)!, ' it was']) {
    left.push(hideContinued(said, piece, secrets))
    said = endOf(said + piece, secrets)
  }
  expect(left.join('').replaceAll('•', '')).toBe(`so: ${token.slice(0, 12)} it was`)
})

test('a beginning that turns out to be none stays hidden, and what follows does not', () => {
  expect(hideContinued('', `see ${token.slice(0, 15)}`, secrets)).toBe('see •••')
  expect(hideContinued(`see ${token.slice(0, 15)}`, ' for more', secrets)).toBe(' for more')
})

test('who guesses a few characters after a known beginning does not see whether they are right', () => {
  for (let length = 1; length < token.length / 2; length++) {
    const right = token.slice(0, length)
    expect(hideContinued('', `is it ${right}`, secrets)).toBe(`is it ${right}`)
  }
})

test('what was said is remembered only as far as a secret may reach back', () => {
  expect(endOf('x'.repeat(100_000), [token])).toHaveLength(token.length)
  expect(endOf('x'.repeat(100_000), ['y'.repeat(70_000)])).toHaveLength(8_192)
})

test('whatever is cut anywhere, of each text is left what lies in no secret across the cuts', () => {
  const pieces = fc.array(fc.oneof(fc.nat(9), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 })), { maxLength: 8 })
  const lengths = fc.array(fc.nat(12), { maxLength: 40 })
  const someSecrets = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 20 }), { minLength: 1, maxLength: 4 })
  const isHidden = (drawn: string[], parts: (number | string)[], cuts: number[]) => {
    const secrets = drawn.toSorted((a, b) => b.length - a.length)
    const said = parts.map((part) => (typeof part === 'number' ? (secrets[part % secrets.length] ?? '') : part)).join('')
    let at = 0
    const cut = [...cuts, said.length].map((length) => said.slice(at, (at += length)))
    const texts = cut.map((text) => redactText(text, secrets))

    const whole = texts.join('')
    const inSecret = new Set<number>()
    for (const secret of secrets)
      for (let from = whole.indexOf(secret); from >= 0; from = whole.indexOf(secret, from + 1))
        for (let index = 0; index < secret.length; index++) inSecret.add(from + index)
    let index = 0
    const left = texts.map((text) =>
      text
        .split('')
        .filter((char) => !inSecret.has(index++) && char !== '•')
        .join(''),
    )
    expect(hideAcross(texts, secrets).map((text) => text.replaceAll('•', ''))).toEqual(left)
  }
  fc.assert(fc.property(someSecrets, pieces, lengths, isHidden), { numRuns: 2_000 })
})
