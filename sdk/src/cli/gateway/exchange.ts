import { z } from 'zod'
import { CliFault } from '../base/fault.ts'
import { USER_AGENT } from './api-client.ts'

const limitMs = 30_000

/** What an OAuth endpoint answered. `answer` is undefined when that was no JSON. */
interface Answered {
  status: number
  answer: unknown
}

/** Sends a form to an OAuth endpoint, or asks for a document. Follows no redirect: it could lead a secret elsewhere. */
export async function exchange(address: string, form?: URLSearchParams, headers: Record<string, string> = {}): Promise<Answered> {
  const request = {
    headers: { accept: 'application/json', 'user-agent': USER_AGENT, ...headers },
    redirect: 'error' as const,
    signal: AbortSignal.timeout(limitMs),
  }
  try {
    const response = await fetch(address, form ? { ...request, method: 'POST', body: form } : request)
    const answer: unknown = await response.json().catch(() => undefined)
    return { status: response.status, answer }
  } catch (cause) {
    throw new CliFault('unavailable', `The gateway does not answer at ${new URL(address).origin}.`, { cause })
  }
}

const TokenAnswer = z.object({ access_token: z.string(), expires_in: z.number(), refresh_token: z.string().optional() })
type TokenAnswer = z.infer<typeof TokenAnswer>

const ErrorAnswer = z.looseObject({ error: z.string(), error_description: z.string().optional() })

/** What the token endpoint gave, or its error (RFC 6749, sections 5.1 and 5.2). */
export function tokenAnswer(address: string, { status, answer }: Answered): TokenAnswer | { error: string; description: string } {
  const granted = TokenAnswer.safeParse(answer)
  if (status === 200 && granted.success) return granted.data
  const refused = ErrorAnswer.safeParse(answer)
  if (!refused.success) throw new CliFault('internal', `${address} answered ${status}, and not as a gateway would.`)
  const { error, error_description: description = error } = refused.data
  return { error, description }
}
