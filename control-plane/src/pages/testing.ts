import type { Language } from '@bir/sdk/texts/language'
import type { SituationWithFacts } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { consentPage } from './consent-page.ts'
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from './device-pages.ts'
import { donePage, finishedPage, signedOutPage, signOutPage } from './end-pages.ts'
import { errorPage, SITUATIONS } from './error-page.ts'
import { providerChoicePage } from './sign-in-page.ts'
import { welcomePage } from './welcome-page.ts'

/** Every page in every shape, by name, with the text wherever a page takes one that somebody else chose. */
export function everyPage(text: string, language: Language): [string, Answer][] {
  const person = { handle: text, name: text }
  const facts = { client: text, provider: text, host: text, handle: text, minutes: 5 }
  const consents = (['built-in', 'registered', 'document', 'administered', 'service'] as const).flatMap((kind) =>
    ['https://claude.ai/cb', 'http://127.0.0.1:4000/cb', 'http://[::1]:4000/cb', 'cursor://a/cb'].flatMap((redirectUri) =>
      [true, false].map((asksStay): [string, Answer] => [
        `consent ${kind} ${redirectUri} ${asksStay}`,
        consentPage(
          { flow: text, csrf: text, person, client: { name: text, kind, host: text }, redirectUri, resource: text, asksStay },
          language,
        ),
      ]),
    ),
  )
  const errors = Object.keys(SITUATIONS).map((situation): [string, Answer] => [
    `error ${situation}`,
    errorPage({ ...({ situation, facts } as SituationWithFacts), id: text, detail: text, retryUrl: '/oauth/device' }, language),
  ])
  const ways: [string, Answer] = [
    'ways out of an error',
    errorPage(
      {
        situation: 'provider-down',
        facts: { provider: text },
        id: text,
        retryUrl: '/oauth/sign-in?again=on',
        choiceUrl: '/oauth/sign-in',
        cancel: { flow: text, csrf: text },
      },
      language,
    ),
  ]
  const unrecorded: [string, Answer] = ['error without an id', errorPage({ situation: 'page-not-found' }, language)]
  const providers = [{ handle: text, title: text }]
  const common = { flow: text, csrf: text }
  return [
    ...consents,
    ...errors,
    ways,
    unrecorded,
    ['welcome', welcomePage({ mcp: text, graphiql: '/graphql' }, language)],
    ['choice', providerChoicePage({ ...common, clientName: text, providers, asksEmail: false }, language)],
    [
      'choice by domain',
      providerChoicePage({ ...common, providers, asksEmail: true, email: { written: text, fault: 'unknown-domain' } }, language),
    ],
    [
      'no address',
      providerChoicePage({ ...common, providers: [], asksEmail: true, email: { written: text, fault: 'no-address' } }, language),
    ],
    ['device code', deviceCodePage({ code: text, fault: { kind: 'unknown' } }, language)],
    ['too many codes', deviceCodePage({ fault: { kind: 'too-many', retryAfterS: 60 } }, language)],
    [
      'device confirm',
      deviceConfirmPage(
        {
          csrf: text,
          userCode: text,
          person,
          client: { name: text, kind: 'registered' },
          address: text,
          product: text,
          resource: text,
        },
        language,
      ),
    ],
    ['connected', deviceDonePage({ decision: 'allow', clientName: text }, language)],
    ['denied', deviceDonePage({ decision: 'deny', clientName: text }, language)],
    ['sign out', signOutPage({ csrf: text, person, fields: { state: text } }, language)],
    ['signed out', signedOutPage({ stillAt: text, onwardTo: `https://app.example/?${new URLSearchParams({ text })}` }, language)],
    ['done', donePage(language)],
    ['finished', finishedPage(language)],
  ]
}
