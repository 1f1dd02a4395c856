import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import type { SituationWithFacts } from '@bir/sdk/texts'
import { ApiError } from '../../base/api-error.ts'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import { Refusal } from '../../base/http.ts'
import { outageText } from '../../base/outage.ts'
import { ProviderFault } from '../../providers/faults/provider-fault.ts'

interface Details {
  reason?: OAuthReason
  detail?: string | undefined
  whose?: { id: string; handle: string } | undefined
  retryAfterS?: number
  sentence?: string | undefined
}

/** A refusal for a person in front of a page: they see the situation in their language. */
export class PageFault extends Error {
  override readonly name = 'PageFault'
  readonly situation: SituationWithFacts
  /** The word of the audit record. */
  readonly reason: OAuthReason
  /** A sentence in English for whoever mends it. It holds no secret. */
  readonly detail: string | undefined
  /** For the audit: who it was, where that is known. */
  readonly whose: { id: string; handle: string } | undefined
  readonly retryAfterS: number | undefined
  /** What the administrators want to be said, instead of what the situation says. */
  readonly sentence: string | undefined

  constructor(situation: SituationWithFacts, { reason = situation.situation, detail, whose, sentence, retryAfterS }: Details = {}) {
    super(detail ?? situation.situation)
    this.situation = situation
    this.reason = reason
    this.detail = detail
    this.whose = whose
    this.retryAfterS = retryAfterS
    this.sentence = sentence
  }
}

/** What a person is shown for an error, whatever it is. `provider`: at which one, where the fault does not say it. */
export function pageFaultOf(error: unknown, provider = ''): PageFault {
  if (error instanceof PageFault) return error
  if (error instanceof ProviderFault) return providerFault(error, provider)
  if (error instanceof OAuthError) return new PageFault(situationOfOAuth(error), { reason: error.reason, detail: error.message })
  if (outageText(error) !== undefined) return new PageFault({ situation: 'try-later' }, { reason: 'unavailable' })
  if (error instanceof ApiError && error.code === 'forbidden') return new PageFault({ situation: 'account-disabled' })
  if (error instanceof Refusal && error.status === 429) return tooManyFault(error)
  if (error instanceof Refusal && error.status < 500) return new PageFault({ situation: 'faulty-request' }, { detail: error.message })
  return new PageFault({ situation: 'server-error' }, { reason: 'internal' })
}

function tooManyFault({ message, headers }: Refusal): PageFault {
  const retryAfterS = Number(headers['retry-after'] ?? 1)
  const minutes = Math.ceil(retryAfterS / 60)
  return new PageFault({ situation: 'too-many-attempts', facts: { minutes } }, { reason: 'slow_down', detail: message, retryAfterS })
}

/** What is wrong with a client, for the person whom it sent here. */
function situationOfOAuth({ reason, about }: OAuthError): SituationWithFacts {
  if (reason === 'unknown-client' || reason === 'unknown-resource') return { situation: reason }
  if (about === undefined) return { situation: 'faulty-request' }
  if (reason === 'client-not-allowed') return { situation: reason, facts: { client: about } }
  if (isOfDocument(reason)) return { situation: reason, facts: { host: about } }
  return { situation: 'faulty-request' }
}

const documentReasons = [
  'unreachable-client-document',
  'untrusted-client-document',
  'failing-client-document',
  'faulty-client-document',
  'client-documents-off',
] as const satisfies OAuthReason[]

const isOfDocument = (reason: OAuthReason): reason is (typeof documentReasons)[number] =>
  (documentReasons as readonly OAuthReason[]).includes(reason)

function providerFault(fault: ProviderFault, provider: string): PageFault {
  return new PageFault(situationOf(fault, fault.provider ?? provider), {
    reason: fault.reason,
    detail: fault.message,
    sentence: fault.shutOut?.sentence,
  })
}

function situationOf({ reason, handle, clockOffMs, shutOut }: ProviderFault, provider: string): SituationWithFacts {
  const facts = { provider }
  switch (reason) {
    case 'provider-unknown':
      return { situation: 'unknown-provider' }
    case 'provider-unreachable':
    case 'provider-failing':
      return { situation: 'provider-down', facts }
    case 'provider-slow':
      return { situation: 'provider-slow', facts }
    case 'provider-invalid':
    case 'provider-certificate':
    case 'token-refused':
      return { situation: 'faulty-provider', facts }
    case 'provider-misconfigured':
    case 'client-refused':
      return { situation: 'provider-refused', facts }
    case 'sign-in-denied':
      return { situation: 'sign-in-cancelled', facts }
    case 'sign-in-expired':
    case 'sign-in-mismatch':
      return { situation: 'sign-in-expired' }
    case 'clock-off':
      return { situation: 'clock-off', facts: { provider, minutes: minutesOf(clockOffMs) } }
    case 'claims-refused':
      return shutOut ? { situation: 'access-refused' } : { situation: 'missing-claims', facts }
    case 'handle-taken':
      return handle === undefined ? { situation: 'access-refused' } : { situation: 'handle-taken', facts: { handle } }
  }
}

const minutesOf = (ms: number | undefined) => (ms === undefined ? undefined : Math.max(1, Math.round(Math.abs(ms) / 60_000)))
