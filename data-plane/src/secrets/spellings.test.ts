import { expect, test } from 'vitest'
import { redactText } from './redact.ts'
import { spellingsOf } from './spellings.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const credential = 'k/3+"ə é%y~9'
const basic = `Basic ${base64("maria:s3cr&t 'word")}`

test.for<[string, string, string]>([
  ['itself', credential, credential],
  ['the part after its scheme', 'Bearer abcdefghij', 'abcdefghij'],
  ['the pair of a Basic credential', basic, "maria:s3cr&t 'word"],
  ['the password of a Basic credential', basic, "s3cr&t 'word"],
  ['the password of a Basic credential in base64', basic, base64("s3cr&t 'word")],
  ['the value of a cookie', 'session=0123456789abcdef; Path=/', '0123456789abcdef'],
  ['JSON in a text', credential, JSON.stringify(credential).slice(1, -1)],
  ['JSON with slashes escaped in a text', credential, 'k\\/3+\\"ə é%y~9'],
  ['JSON in ASCII in a text', credential, 'k/3+\\"\\u0259 \\u00e9%y~9'],
  ['a part of a URL', credential, encodeURIComponent(credential)],
  ['a whole URL', credential, encodeURI(credential)],
  ['a part of a URL in lower case', credential, 'k%2f3%2b%22%c9%99%20%c3%a9%25y~9'],
  ['a field of a form', credential, new URLSearchParams({ k: credential }).toString().replace('%7E', '~').slice(2)],
  ['HTML', 'a<b>&"c\'d', 'a&lt;b&gt;&amp;&quot;c&#39;d'],
  ['hex', credential, Buffer.from(credential).toString('hex')],
  ['hex in upper case', credential, Buffer.from(credential).toString('hex').toUpperCase()],
])('of a secret, %s is hidden', ([, secret, said]) => {
  const left = redactText(`it is ${said}!`, spellingsOf(secret))
  expect(left).toBe('it is •••!')
})

test.for(['', 'a', 'ab', 'abc', 'maria:'])('of a secret in base64 after "%s" nothing but the ends is left', (before) => {
  const secret = 'Zm9v-the-secret-bar'
  for (const encoding of ['base64', 'base64url'] as const) {
    const left = redactText(Buffer.from(`${before}${secret}, and more`).toString(encoding), spellingsOf(secret))
    const decoded = left.split('•••').map((part) => Buffer.from(part, encoding).toString())
    expect(left).toContain('•••')
    expect(decoded.join('')).not.toMatch(/the|secret|bar/)
  }
})

test('a secret that is too short is hidden in no spelling', () => {
  expect(spellingsOf('short')).toEqual([])
})

test('what is no secret is as it was', () => {
  const text = 'The key of the secretary, YWJjZGVmZ2hpamts, 6162636465666768, Bearer and Basic.'
  expect(redactText(text, spellingsOf('Bearer the-secret-of-the-test'))).toBe(text)
})
