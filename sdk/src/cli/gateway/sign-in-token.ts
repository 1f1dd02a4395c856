import type { Environment } from '../base/environment.ts'
import { CliFault } from '../base/fault.ts'
import { discover } from './discovery.ts'
import { exchange, tokenAnswer } from './exchange.ts'
import { exclusively } from './exclusively.ts'
import type { SignIn, SignInFile } from './sign-in-file.ts'

/** The client id of this command, which every gateway knows. */
export const CLIENT_ID = 'bir'

/** A token that ends so soon is renewed first: the call takes time, and clocks differ. */
const marginMs = 30_000

type Clock = Pick<Environment, 'nowMs'>

/** Gives a token for each call of the API, renewed where it ends. */
export function signInToken(clock: Clock, file: SignInFile): () => Promise<string> {
  return async () => {
    const signIn = await file.read()
    if (!signIn) throw ended(file.issuer, 'it was removed')
    if (isGood(clock, signIn)) return signIn.accessToken
    return exclusively(file.path, () => renewed(clock, file))
  }
}

const isGood = ({ nowMs }: Clock, { expiresAtMs }: SignIn) => nowMs() < expiresAtMs - marginMs

/** Another command may have renewed it while this one waited. */
async function renewed(clock: Clock, file: SignInFile): Promise<string> {
  const signIn = await file.read()
  if (!signIn) throw ended(file.issuer, 'it was removed')
  if (isGood(clock, signIn)) return signIn.accessToken
  if (signIn.refreshToken === undefined) throw ended(file.issuer, 'its token expired')
  const { token_endpoint } = await discover(file.issuer)
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: signIn.refreshToken, client_id: CLIENT_ID })
  const answer = tokenAnswer(token_endpoint, await exchange(token_endpoint, form))
  if (!('error' in answer)) {
    await file.write({ ...signIn, ...keptOf(clock, answer, signIn.refreshToken) })
    return answer.access_token
  }
  if (answer.error === 'invalid_grant') throw ended(file.issuer, answer.description)
  throw new CliFault(answer.error, `The gateway renews no token: ${answer.description}`)
}

/** What is kept of an answer. Without a new refresh token the former one stays (RFC 6749, section 6). */
export function keptOf(
  { nowMs }: Clock,
  answer: { access_token: string; expires_in: number; refresh_token?: string | undefined },
  formerRefreshToken?: string,
): Pick<SignIn, 'accessToken' | 'expiresAtMs' | 'refreshToken'> {
  const refreshToken = answer.refresh_token ?? formerRefreshToken
  return {
    accessToken: answer.access_token,
    expiresAtMs: nowMs() + answer.expires_in * 1000,
    ...(refreshToken !== undefined && { refreshToken }),
  }
}

const ended = (issuer: string, why: string) =>
  new CliFault(
    'not_signed_in',
    `Your sign-in at ${issuer} has ended (${why.replace(/\.$/, '')}): run "bir login" to sign in again, or "bir logout" to forget it.`,
  )
