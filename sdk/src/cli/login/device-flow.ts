import { z } from 'zod'
import type { Context } from '../base/context.ts'
import { CliFault } from '../base/fault.ts'
import { apiOf } from '../gateway/client-credentials.ts'
import type { Metadata } from '../gateway/discovery.ts'
import { exchange, tokenAnswer } from '../gateway/exchange.ts'
import { CLIENT_ID } from '../gateway/sign-in-token.ts'

/** The answer of the device authorization endpoint (RFC 8628, section 3.2). */
const DeviceAnswer = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1).max(40),
  verification_uri: z.url({ protocol: /^https?$/ }),
  verification_uri_complete: z.url({ protocol: /^https?$/ }).optional(),
  expires_in: z.number().positive(),
  interval: z.number().min(0).default(5),
})
type DeviceAnswer = z.infer<typeof DeviceAnswer>

/** Asks for a pair of codes: one for the person, one for this command. */
export async function askForCodes(metadata: Metadata): Promise<DeviceAnswer> {
  const { issuer, device_authorization_endpoint: address } = metadata
  if (address === undefined)
    throw new CliFault('unsupported', `The gateway at ${issuer} offers no sign-in for commands. Update it, or set BIR_TOKEN.`)
  const { status, answer } = await exchange(address, new URLSearchParams({ client_id: CLIENT_ID, resource: apiOf(issuer) }))
  const codes = DeviceAnswer.safeParse(answer)
  if (status === 200 && codes.success) return codes.data
  const refused = z.object({ error: z.string(), error_description: z.string().optional() }).safeParse(answer).data
  if (!refused) throw new CliFault('internal', `${address} answered ${status}, and not as a gateway would.`)
  throw new CliFault(refused.error, `No sign-in: ${refused.error_description ?? refused.error}`)
}

/** The gateway tells a command that asks too often to wait that much longer (RFC 8628, section 3.5). */
const slowDownMs = 5_000
/** A gateway that is away for a moment ends no sign-in, but one that stays away does. */
const maxSilences = 5

/** Asks for the token until the person has decided. */
export async function awaitApproval({ environment }: Context, metadata: Metadata, codes: DeviceAnswer, onWait: () => void) {
  const address = metadata.token_endpoint
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: codes.device_code,
    client_id: CLIENT_ID,
  })
  const untilMs = environment.nowMs() + codes.expires_in * 1000
  const interruption = environment.interruption()
  let intervalMs = codes.interval * 1000
  for (let silences = 0; environment.nowMs() < untilMs;) {
    await environment.wait(intervalMs, interruption).catch(() => undefined)
    if (interruption.aborted)
      throw new CliFault('interrupted', 'You stopped the sign-in: nothing was changed, and the code leads nowhere now.')
    onWait()
    const answered = await exchange(address, form).catch((error: unknown) => {
      if (++silences < maxSilences) return undefined
      throw error
    })
    if (!answered) continue
    silences = 0
    const answer = tokenAnswer(address, answered)
    if (!('error' in answer)) return answer
    if (answer.error === 'slow_down') intervalMs += slowDownMs
    else if (answer.error !== 'authorization_pending') throw refusalOf(answer)
  }
  throw refusalOf({ error: 'expired_token', description: '' })
}

function refusalOf({ error, description }: { error: string; description: string }): CliFault {
  if (error === 'expired_token') return new CliFault(error, 'Nobody approved the sign-in in time: run "bir login" again for another code.')
  if (error === 'access_denied') return new CliFault(error, 'The sign-in was denied in the browser.')
  return new CliFault(error, `No sign-in: ${description}`)
}
