import { LANGUAGES } from '@bir/sdk/texts/language'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consentPage } from './consent-page.ts'
import { deviceConfirmPage, deviceDonePage } from './device-pages.ts'
import { errorPage } from './error-page.ts'
import { everyPage } from './testing.ts'
import type { Answer } from '../base/http.ts'

test.for(LANGUAGES)('every page in %s is sent with headers that protect it', (language) => {
  for (const [name, { headers = {} }] of everyPage('x', language)) {
    expect(headers, name).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    expect(headers['content-security-policy'], name).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; img-src 'self' data:; (?:form-action 'self'[^;]*; )?base-uri 'none'; frame-ancestors 'none'$/,
    )
  }
})

/** The tags of a page with the names of their attributes: what stays the same whatever the texts are. */
function skeletonOf({ body = '' }: Answer): string[] {
  const tags = String(body).match(/<(?:[^<>"]|"[^"]*")*>?/g) ?? []
  return tags.map((tag) => tag.replace(/="[^"]*"/g, '').replace(/\s+/g, ' ')).filter((tag) => tag !== '<wbr />')
}

const hostile = [
  '<script>',
  '</title>',
  '</style>',
  '"',
  "'",
  '`',
  '>',
  '<',
  '&',
  '<!--',
  ']]>',
  ' onload=x',
  '="',
  '\u0000',
  '\u202e',
  'javascript:',
]
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 6 })
  .map((parts) => `x${parts.join('')}`)

test('no text, in whatever field of whatever page, becomes markup', () => {
  const harmless = everyPage('x', 'en').map(([name, page]) => [name, skeletonOf(page)] as const)
  fc.assert(
    fc.property(anyText, (text) => {
      const pages = everyPage(text, 'en')
      expect(pages.map(([name, page]) => [name, skeletonOf(page)])).toEqual(harmless)
    }),
    { numRuns: 60 },
  )
})

test.for(LANGUAGES)('no page in %s has a script, a style besides the one sheet, or loads anything', (language) => {
  for (const [name, page] of everyPage('x', language)) {
    const tags = skeletonOf(page)
    expect(
      tags.filter((tag) => /^<(?:script|link|iframe|object|embed|base|img)\b|\s(?:style|on[a-z]+)\b/.test(tag)),
      name,
    ).toEqual(['<link rel href />'])
    expect(
      tags.filter((tag) => tag === '<style>'),
      name,
    ).toHaveLength(1)
    expect(String(page.body), name).toMatch(/<link\s+rel="icon"\s+href="data:image\/svg\+xml,/)
  }
})

test('what guards a form stands in hidden fields alone', () => {
  const page = consentPage(
    {
      flow: 'the-flow',
      csrf: 'the-csrf',
      person: { handle: 'bob' },
      client: { name: 'c', kind: 'registered' },
      redirectUri: 'https://a.example/cb',
      resource: 'r',
      asksStay: true,
    },
    'en',
  )
  const rest = String(page.body).replace(/<input type="hidden" name="(?:flow|csrf)" value="the-(?:flow|csrf)" \/>/g, '')
  expect(rest).not.toMatch(/the-(?:flow|csrf)/)
})

test('a page whose forms stay here says so; one that leads to a client or a provider could not name all that follows', () => {
  const leading = everyPage('x', 'en').filter(([, { headers = {} }]) => !String(headers['content-security-policy']).includes('form-action'))
  const names = new Set(leading.map(([name]) => name.split(' ', 1)[0]))
  expect([...names].sort()).toEqual(['choice', 'consent', 'device', 'no', 'sign', 'too', 'ways'])
})

test('a client whose document was checked is shown with its host; one that named itself, with a warning', () => {
  const shown = (client: { name: string; kind: 'document' | 'registered'; host?: string }, redirectUri: string) =>
    String(consentPage({ flow: 'f', csrf: 'c', person: { handle: 'bob' }, client, redirectUri, resource: 'r', asksStay: false }, 'en').body)
  const checked = shown({ name: 'Claude', kind: 'document', host: 'claude.ai' }, 'https://claude.ai/cb')
  expect(checked).toContain('Published by claude.ai')
  expect(checked).not.toContain('Allow only if')
  const unchecked = shown({ name: 'Claude', kind: 'registered' }, 'https://evil.example/cb')
  expect(unchecked).toContain('Nobody has checked this program')
  expect(unchecked).toContain('evil.example')
  const local = shown({ name: 'Claude', kind: 'document', host: 'claude.ai' }, 'http://127.0.0.1:4000/cb')
  expect(local).toContain('any program here can wait for it')
})

test('a client that asks for the API is said to do all that the person may, not only to call tools', () => {
  const may = (resource: string) => {
    const data = {
      csrf: 'c',
      userCode: 'WDJB-MJHT',
      person: { handle: 'bob' },
      client: { name: 'bir', kind: 'built-in' },
      address: 'a',
    } as const
    const body = String(deviceConfirmPage({ ...data, resource }, 'en').body)
    return [body.includes('See and change'), body.includes('Call the tools')]
  }
  expect(may('https://gw.example/api')).toEqual([true, false])
  for (const resource of ['https://gw.example/mcp', 'https://gw.example/x/mcp/api']) expect(may(resource)).toEqual([false, true])
})

test('a name cannot pretend to be a sentence of ours: it stands on one line, in quotation marks, and is cut', () => {
  const page = String(deviceDonePage({ decision: 'deny', clientName: `bir\n\n was connected.${'x'.repeat(100)}` }, 'en').body)
  expect(page).toContain(`“bir was connected.${'x'.repeat(41)}…” was not connected.`)
})

test('a link to try again leads nowhere but to a page', () => {
  const retryUrl = 'javascript:alert(1)'
  expect(() => errorPage({ situation: 'try-later', id: 'x', retryUrl }, 'en')).toThrow('path of this site')
})
