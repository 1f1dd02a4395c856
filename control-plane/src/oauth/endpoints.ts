import { donePage } from '../pages/end-pages.ts'
import { languageOf } from '../pages/kit/language-of.ts'
import { welcomePage } from '../pages/welcome-page.ts'
import { languageRoute } from '../pages/kit/language-route.ts'
import type { Answer, Exchange, Route } from '../base/http.ts'
import type { WhileAnswering } from '../base/while-answering.ts'
import { beginAuthorization } from './authorize/begin.ts'
import {
  checkPkce,
  checkPrompt,
  checkRedirectUri,
  checkResource,
  checkResponseType,
  checkScope,
  findClient,
  readQuery,
} from './authorize/read-request.ts'
import { readForm } from './base/form.ts'
import type { OAuthParts } from './base/parts.ts'
import { Stages } from './base/stages.ts'
import { findGivenUp, findQuestion, giveUp, showConsent, takeDecision } from './consent/consent.ts'
import { giveCodes } from './device/ask.ts'
import { findDecision, showDevice, takeDeviceDecision } from './device/question.ts'
import { RESULT_PATH, showResult } from './flow/after-form.ts'
import { checkCsrf, findFlow, readBrowser } from './flow/browser.ts'
import { checkUnfinished } from './flow/sign-in-finished.ts'
import { issueToken } from './issue/issue-token.ts'
import { askLogout, takeLogout } from './logout/logout.ts'
import { metadataRoutes } from './metadata.ts'
import { asJson, asPage, asPageAfterForm } from './render.ts'
import { finishAtProvider, findAttempt } from './sign-in/callback.ts'
import { beginForPage, chooseProvider, takeChoice } from './sign-in/choose.ts'
import { introspect } from './token/introspect.ts'
import { revoke } from './token/revoke.ts'
import { authenticateClient, checkGrant, findGrantType, findSettings, findTarget, runGrant } from './token/token-endpoint.ts'

/**
 * THE TABLE of the authorization server: every endpoint, and the stages of each in the order they run. A stage that
 * needs what no stage above it has established does not compile. The last column is how errors are answered.
 */
export function oauthRoutes(parts: OAuthParts, answering: WhileAnswering): Route[] {
  // Whoever sends a body may hold it back for a minute. So it is read first, and what the answer stands on after it.
  const inForm = new Stages().add(readForm)
  const inBrowser = new Stages().add(readBrowser(parts))
  const inBrowsersForm = inForm.add(readBrowser(parts))

  const authorize = new Stages()
    .add(readQuery)
    .add(readBrowser(parts))
    .add(findClient(parts))
    .add(checkRedirectUri) // below this line errors go to the client
    .check(checkResponseType)
    .add(checkPkce)
    .add(checkResource(parts))
    .add(checkScope)
    .add(checkPrompt)
    .answer(beginAuthorization(parts), asPage(parts, 'oauth/authorize'))

  const inUnfinished = inBrowser.add(findFlow(parts)).check(checkUnfinished)
  const choose = inUnfinished.answer(chooseProvider(parts), asPage(parts, 'oauth/sign-in'))
  const begin = inBrowser.answer(beginForPage(parts), asPage(parts, 'oauth/sign-in'))
  const inOwnForm = inBrowsersForm.add(findFlow(parts)).check(checkCsrf)
  const take = inOwnForm.answer(takeChoice(parts), asPageAfterForm(parts, 'oauth/sign-in'))
  const cancel = inOwnForm.add(findGivenUp(parts)).answer(giveUp(parts), asPageAfterForm(parts, 'oauth/authorize'))
  const callback = inBrowser.add(findAttempt(parts)).check(checkUnfinished).answer(finishAtProvider(parts), asPage(parts, 'oauth/callback'))
  const signedIn = inBrowser.answer(({ language }) => donePage(language), asPage(parts, 'oauth/signed-in'))

  const logout = inBrowser.answer(askLogout(parts), asPage(parts, 'oauth/logout'))
  const loggedOut = inBrowsersForm.answer(takeLogout(parts), asPageAfterForm(parts, 'oauth/logout'))

  const question = inUnfinished.add(findQuestion(parts)).answer(showConsent(parts), asPage(parts, 'oauth/authorize'))
  const decision = inOwnForm.add(findQuestion(parts)).answer(takeDecision(parts), asPageAfterForm(parts, 'oauth/authorize'))

  const device = inForm.add(authenticateClient(parts)).add(findTarget(parts)).answer(giveCodes(parts), asJson(parts, 'oauth/device'))
  const deviceQuestion = inBrowser.answer(showDevice(parts), asPage(parts, 'oauth/device'))
  const deviceDecision = inBrowsersForm.add(findDecision(parts)).answer(takeDeviceDecision(parts), asPageAfterForm(parts, 'oauth/device'))

  const choice = languageRoute(new URL(parts.issuer).origin)
  const language = new Stages().answer(({ exchange }) => choice.answer(exchange), asPageAfterForm(parts, 'oauth/language'))
  const result = inBrowser.answer(showResult(parts), asPage(parts, 'oauth/result'))

  const token = inForm
    .add(findGrantType)
    .add(authenticateClient(parts))
    .check(checkGrant)
    .add(findTarget(parts))
    .add(findSettings(parts))
    .add(runGrant(parts))
    .answer(issueToken(parts), asJson(parts, 'oauth/token'))
  const revocation = inForm.add(authenticateClient(parts)).answer(revoke(parts), asJson(parts, 'oauth/revoke'))
  const introspection = inForm.add(authenticateClient(parts)).answer(introspect(parts), asJson(parts, 'oauth/introspect'))

  const welcome = { mcp: `${parts.mcpUrl}/mcp`, graphiql: parts.stage === 'local' ? '/graphql' : undefined }
  const bounded = (answer: (exchange: Exchange) => Promise<Answer>) => (exchange: Exchange) => answering(() => answer(exchange))
  const signIn = (exchange: Exchange) => (exchange.url.searchParams.has('flow') ? choose(exchange) : begin(exchange))
  return [
    ...metadataRoutes(parts, answering),
    { method: 'GET', path: '/', answer: async ({ request }) => welcomePage(welcome, languageOf(request)) },
    { method: 'GET', path: '/oauth/authorize', answer: bounded(authorize) },
    { method: 'POST', path: '/oauth/authorize', origins: 'lead', answer: bounded(authorize) },
    { method: 'GET', path: '/oauth/sign-in', answer: bounded(signIn) },
    { method: 'POST', path: '/oauth/sign-in', answer: bounded(take) },
    { method: 'POST', path: '/oauth/cancel', answer: bounded(cancel) },
    { method: 'GET', path: '/oauth/signed-in', answer: bounded(signedIn) },
    { ...choice, answer: bounded(language) },
    { method: 'GET', path: RESULT_PATH, answer: bounded(result) },
    { method: 'GET', path: '/oauth/callback/*', answer: bounded(callback) },
    { method: 'GET', path: '/oauth/logout', answer: bounded(logout) },
    { method: 'POST', path: '/oauth/logout', origins: 'lead', answer: bounded(loggedOut) },
    { method: 'GET', path: '/oauth/consent', answer: bounded(question) },
    { method: 'POST', path: '/oauth/consent', answer: bounded(decision) },
    { method: 'POST', path: '/oauth/device', answer: bounded(device) },
    { method: 'GET', path: '/oauth/device', answer: bounded(deviceQuestion) },
    { method: 'POST', path: '/oauth/device/confirm', answer: bounded(deviceDecision) },
    { method: 'POST', path: '/oauth/token', origins: 'any', answer: bounded(token) },
    { method: 'POST', path: '/oauth/revoke', origins: 'any', answer: bounded(revocation) },
    { method: 'POST', path: '/oauth/introspect', answer: bounded(introspection) },
  ]
}
