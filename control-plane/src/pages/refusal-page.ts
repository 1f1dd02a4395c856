import type { IncomingMessage } from 'node:http'
import type { SituationWithFacts } from '@bir/sdk/texts'
import type { Answer, Refusal } from '../base/http.ts'
import { errorPage } from './error-page.ts'
import { languageOf } from './kit/language-of.ts'

/** A refusal of the HTTP server itself, before any page was asked: for a person in a browser, as a page. */
export function refusalPage({ status, message }: Refusal, request: IncomingMessage): Answer {
  return errorPage({ ...situationOf(status), status, detail: message }, languageOf(request))
}

function situationOf(status: number): SituationWithFacts {
  if (status === 403) return { situation: 'foreign-form' }
  if (status === 404 || status === 405) return { situation: 'page-not-found' }
  if (status === 429 || status === 503) return { situation: 'try-later' }
  return { situation: status < 500 ? 'faulty-request' : 'server-error' }
}
