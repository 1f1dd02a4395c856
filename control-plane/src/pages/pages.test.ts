import { LANGUAGES } from '@bir/sdk/texts/language'
import type { Language } from '@bir/sdk/texts/language'
import type { SituationWithFacts } from '@bir/sdk/texts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consentPage } from './consent-page.ts'
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from './device-pages.ts'
import { donePage, signedOutPage, signOutPage } from './end-pages.ts'
import { errorPage, SITUATIONS } from './error-page.ts'
import { providerChoicePage } from './sign-in-page.ts'
import type { Answer } from '../base/http.ts'

type Say = () => string

/** Every page in every shape, with a text of `say` wherever a page takes one that somebody else chose. */
function everyPage(say: Say, language: Language): [string, Answer][] {
  const person = { handle: say(), name: say() }
  const facts = { client: say(), provider: say(), host: say(), handle: say(), minutes: 5 }
  const consents = (['built-in', 'registered', 'document', 'administered', 'service'] as const).flatMap((kind) =>
    ['https://claude.ai/cb', 'http://127.0.0.1:4000/cb', 'http://[::1]:4000/cb', 'cursor://a/cb'].flatMap((redirectUri) =>
      (['off', 'ask', 'on'] as const).map((remember): [string, Answer] => [
        `consent ${kind} ${redirectUri} ${remember}`,
        consentPage(
          { flow: say(), csrf: say(), person, client: { name: say(), kind, host: say() }, redirectUri, resource: say(), remember },
          language,
        ),
      ]),
    ),
  )
  const errors = Object.keys(SITUATIONS).map((situation): [string, Answer] => [
    `error ${situation}`,
    errorPage({ ...({ situation, facts } as SituationWithFacts), id: say(), detail: say(), retryUrl: '/oauth/device' }, language),
  ])
  const providers = [{ handle: say(), title: say() }]
  const common = { flow: say(), csrf: say() }
  return [
    ...consents,
    ...errors,
    ['choice', providerChoicePage({ ...common, clientName: say(), providers, asksEmail: false }, language)],
    [
      'choice by domain',
      providerChoicePage({ ...common, providers, asksEmail: true, email: { written: say(), fault: 'unknown-domain' } }, language),
    ],
    [
      'no address',
      providerChoicePage({ ...common, providers: [], asksEmail: true, email: { written: say(), fault: 'no-address' } }, language),
    ],
    ['device code', deviceCodePage({ code: say(), fault: { kind: 'unknown' } }, language)],
    ['too many codes', deviceCodePage({ fault: { kind: 'too-many', minutes: 5 } }, language)],
    [
      'device confirm',
      deviceConfirmPage(
        {
          csrf: say(),
          userCode: say(),
          person,
          client: { name: say(), kind: 'registered' },
          address: say(),
          product: say(),
          resource: say(),
        },
        language,
      ),
    ],
    ['connected', deviceDonePage({ decision: 'allow', clientName: say() }, language)],
    ['denied', deviceDonePage({ decision: 'deny', clientName: say() }, language)],
    ['sign out', signOutPage({ csrf: say(), person, fields: { state: say() } }, language)],
    ['signed out', signedOutPage({ stillAt: say() }, language)],
    ['done', donePage(language)],
  ]
}

test.for(LANGUAGES)('every page in %s is sent with headers that protect it', (language) => {
  for (const [name, { headers = {} }] of everyPage(() => 'x', language)) {
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
  const harmless = everyPage(() => 'x', 'en').map(([name, page]) => [name, skeletonOf(page)] as const)
  fc.assert(
    fc.property(anyText, (text) => {
      const pages = everyPage(() => text, 'en')
      expect(pages.map(([name, page]) => [name, skeletonOf(page)])).toEqual(harmless)
    }),
    { numRuns: 60 },
  )
})

test.for(LANGUAGES)('no page in %s has a script, a style besides the one sheet, or loads anything', (language) => {
  for (const [name, page] of everyPage(() => 'x', language)) {
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
      remember: 'ask',
    },
    'en',
  )
  const rest = String(page.body).replace(/<input type="hidden" name="(?:flow|csrf)" value="the-(?:flow|csrf)" \/>/g, '')
  expect(rest).not.toMatch(/the-(?:flow|csrf)/)
})

const formAction = ({ headers = {} }: Answer) => /form-action ([^;]*)/.exec(String(headers['content-security-policy']))?.[1]

test.for([
  ['https://claude.ai/api/mcp/auth_callback', "'self' https://claude.ai"],
  ['http://127.0.0.1:4000/callback', "'self' http://127.0.0.1:4000"],
  ['http://localhost:8787/callback', "'self' http://localhost:8787"],
  ['cursor://anysphere.cursor-mcp/oauth/callback', "'self' cursor:"],
  ['http://[::1]:4000/callback', undefined],
  ['https://10.0.0.7/callback', undefined],
] as const)('the consent form may lead to %s', ([redirectUri, allowed]) => {
  const page = consentPage(
    {
      flow: 'f',
      csrf: 'c',
      person: { handle: 'bob' },
      client: { name: 'c', kind: 'registered' },
      redirectUri,
      resource: 'r',
      remember: 'off',
    },
    'en',
  )
  expect(formAction(page)).toBe(allowed)
})

test('a client whose document was checked is shown with its host; one that named itself, with a warning', () => {
  const shown = (client: { name: string; kind: 'document' | 'registered'; host?: string }, redirectUri: string) =>
    String(consentPage({ flow: 'f', csrf: 'c', person: { handle: 'bob' }, client, redirectUri, resource: 'r', remember: 'off' }, 'en').body)
  const checked = shown({ name: 'Claude', kind: 'document', host: 'claude.ai' }, 'https://claude.ai/cb')
  expect(checked).toContain('Published by claude.ai')
  expect(checked).not.toContain('Allow only if')
  const unchecked = shown({ name: 'Claude', kind: 'registered' }, 'https://evil.example/cb')
  expect(unchecked).toContain('Nobody has checked this program')
  expect(unchecked).toContain('evil.example')
  const local = shown({ name: 'Claude', kind: 'document', host: 'claude.ai' }, 'http://127.0.0.1:4000/cb')
  expect(local).toContain('any program here can wait for it')
})

test('a name cannot pretend to be a sentence of ours: it stands on one line, in quotation marks, and is cut', () => {
  const page = String(deviceDonePage({ decision: 'deny', clientName: `bir\n\n was connected.${'x'.repeat(100)}` }, 'en').body)
  expect(page).toContain(`“bir was connected.${'x'.repeat(41)}…” was not connected.`)
})

test('a link to try again leads nowhere but to a page', () => {
  const retryUrl = 'javascript:alert(1)'
  expect(() => errorPage({ situation: 'try-later', id: 'x', retryUrl }, 'en')).toThrow('path of this site')
})
