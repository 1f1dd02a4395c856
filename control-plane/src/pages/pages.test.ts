import { LANGUAGES } from '@bir/sdk/texts/language'
import type { Language } from '@bir/sdk/texts/language'
import type { SituationWithFacts } from '@bir/sdk/texts'
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
