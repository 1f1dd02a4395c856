import type { Answer, Exchange, Route } from '../base/http.ts'
import { issueToken } from './issue/issue-token.ts'
import { metadataRoutes } from './metadata.ts'
import type { OAuthParts } from './base/parts.ts'
import { Stages } from './base/stages.ts'
import { findGrantType, findTarget, runGrant } from './token/token-endpoint.ts'
import { readForm } from './base/form.ts'

/** Runs an answer, and ends its wait for a database that hangs. */
type Answering = (run: () => Promise<Answer>) => Promise<Answer>

/**
 * THE TABLE of the authorization server: every endpoint, and the stages of each in the order they run. A stage that
 * needs what no stage above it has established does not compile.
 */
export function oauthRoutes(parts: OAuthParts, answering: Answering): Route[] {
  const token = new Stages().add(readForm).add(findGrantType).add(findTarget(parts)).add(runGrant(parts)).answer(issueToken(parts), rethrow)

  const bounded = (answer: (exchange: Exchange) => Promise<Answer>) => (exchange: Exchange) => answering(() => answer(exchange))
  return [...metadataRoutes(parts), { method: 'POST', path: '/oauth/token', origins: 'any', answer: bounded(token) }]
}

/** Programs get an error as JSON, as the HTTP server writes it (RFC 6749, section 5.2). */
const rethrow = (error: unknown): never => {
  throw error
}
