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
  ['HTML as Mustache escapes', 'k/3+`="é\'9', 'k&#x2F;3+&#x60;&#x3D;&quot;é&#39;9'],
  ['HTML as Handlebars escapes', 'k/3+`="é\'9', 'k/3+&#x60;&#x3D;&quot;é&#x27;9'],
  ['HTML as Go escapes', 'k/3+`="é\'9', 'k/3&#43;`=&#34;é&#39;9'],
  ['HTML as .NET escapes', 'k/3+=" \'9z', 'k/3&#x2B;=&quot; &#x27;9z'],
  ['HTML as PHP escapes', 'k/3+="é\'9', 'k/3+=&quot;é&#039;9'],
  ['HTML with all but letters and digits in decimal', credential, 'k&#47;3&#43;&#34;&#601;&#32;&#233;&#37;y&#126;9'],
  ['HTML with all but letters and digits in hex', credential, 'k&#x2f;3&#x2b;&#x22;&#x259;&#x20;&#xe9;&#x25;y&#x7e;9'],
  ['HTML with all but letters and digits in upper-case hex', credential, 'k&#x2F;3&#x2B;&#x22;&#x259;&#x20;&#xE9;&#x25;y&#x7E;9'],
  ['HTML with everything in decimal', 'abc/d😀', '&#97;&#98;&#99;&#47;&#100;&#128512;'],
  ['HTML with everything in hex', 'abc/d😀', '&#x61;&#x62;&#x63;&#x2f;&#x64;&#x1f600;'],
  ['a URL of a URL', credential, encodeURIComponent(encodeURIComponent(credential))],
  ['a URL of a URL in lower case', 'a/b+c=d', 'a%252fb%252bc%253dd'],
  ['a URL with every byte encoded', 'abc-é=', '%61%62%63%2D%C3%A9%3D'],
  ['a URL with every byte encoded, in lower case', 'abc-é=', '%61%62%63%2d%c3%a9%3d'],
  ['JSON with every character escaped', 'abc/é=', '\\u0061\\u0062\\u0063\\u002f\\u00e9\\u003d'],
  ['JSON with every character escaped, in upper case', 'abc/é=', '\\u0061\\u0062\\u0063\\u002F\\u00E9\\u003D'],
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

test.for([
  ['MIME', 76, '\r\n'],
  ['MIME without carriage returns', 76, '\n'],
  ['PEM', 64, '\n'],
] as const)('of a long secret in base64 nothing but the end is left in lines of %s', ([, length, lineBreak]) => {
  const credentialOfKey = '0123456789'.repeat(25)
  for (const said of [`Bearer ${credentialOfKey}`, credentialOfKey]) {
    const lines = base64(`${said}.`).match(new RegExp(`.{1,${length}}`, 'g')) ?? []
    expect(redactText(lines.join(lineBreak), spellingsOf(`Bearer ${credentialOfKey}`))).toMatch(/^•••.{0,4}$/)
  }
})

test('a secret that is too short is hidden in no spelling', () => {
  expect(spellingsOf('short')).toEqual([])
})

test('what is no secret is as it was', () => {
  const text = 'The key of the secretary, YWJjZGVmZ2hpamts, 6162636465666768, Bearer and Basic.'
  expect(redactText(text, spellingsOf('Bearer the-secret-of-the-test'))).toBe(text)
})
