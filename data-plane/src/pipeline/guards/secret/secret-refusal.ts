import type { Reason } from '@bir/sdk/contract/decide'
import { secretFor } from '@bir/sdk/contract/decide-secret'
import type { SecretFault } from '@bir/sdk/contract/decide-secret'
import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import type { ToolErrorCode } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import type { SecretHolder } from '@bir/sdk/contract/secret-holder'
import { secretHint } from '../../../secrets/hint.ts'
import type { Authenticated } from '../../call/types.ts'

/** The reasons of `decide` that say: everything else allows the call, only its secret does not. */
const secretReasons = ['secret-missing', 'secret-unusable', 'secret-level-too-low'] as const
type SecretReason = (typeof secretReasons)[number]

export const isSecretReason = (reason: Reason): reason is SecretReason => secretReasons.some((one) => one === reason)

interface Refused extends Pick<Authenticated, 'policy' | 'person'> {
  readonly serverId: string
  /** The level of the call. */
  readonly needs: Level
}

/** Refuses a call that only its secret forbids: says what is wrong with it, whose it is, and where to give another. */
export function secretRefusal(
  reason: SecretReason,
  { policy, person, serverId, needs }: Refused,
  portalUrl: string | undefined,
): GatewayError {
  const server = policy.servers.get(serverId)
  const title = server?.title ?? serverId
  const standing = secretFor(policy, person, serverId, Date.now())
  const { code, message } =
    standing?.usable === false ? faultOf(standing.why, whose(standing.holder), title) : tooLow(whose(standing?.secret.holder), title, needs)
  return refusalOf(new ToolError(code, message, { hint: secretHint(serverId, portalUrl) }), reason)
}

/**
 * A tool that is refused so answers with the tool error (`transport/error-response.ts`); any other method with the same
 * words in a JSON-RPC error.
 */
export const refusalOf = (error: ToolError, reason: string): GatewayError =>
  new GatewayError('secretNeeded', error.message, {
    publicMessage: error.hint === undefined ? error.message : `${error.message} ${error.hint}`,
    data: { code: error.code, message: error.message, hint: error.hint, retryable: error.retryable },
    reason,
    cause: error,
  })

/** The policy has another secret for the call, or another server, than those with which it began. */
export const secretChanged = (title: string): GatewayError =>
  refusalOf(
    new ToolError('secret_missing', `${title}, or the secret for it, was changed while the call was under way.`, {
      hint: 'Try again.',
      retryable: true,
    }),
    'secret-changed',
  )

interface Fault {
  readonly code: ToolErrorCode
  readonly message: string
}

function faultOf(why: SecretFault, secret: string, title: string): Fault {
  switch (why) {
    case 'missing':
      return { code: 'secret_missing', message: `${title} needs a secret of yours, and you have given none yet.` }
    case 'expired':
      return { code: 'secret_missing', message: `${secret} for ${title} has expired.` }
    case 'invalid':
      // The policy does not say which: a check that finds no value in the store asks no service.
      return {
        code: 'secret_missing',
        message: `${secret} for ${title} is not good any more: ${title} refused it, or the store of the secrets has lost it or cannot read it.`,
      }
    case 'insufficient_scope':
      return { code: 'scope_missing', message: `${secret} for ${title} lacks scopes that it needs even to read.` }
    case 'wrong_person':
      return {
        code: 'secret_missing',
        message: `${secret} for ${title} belongs to somebody else there, and the policy wants one of your own.`,
      }
    case 'moved':
      return {
        code: 'secret_missing',
        message: `${title} is at another address since ${inSentence(secret)} was saved, so it is sent nowhere until it is saved again.`,
      }
    case 'unusable':
      return { code: 'secret_missing', message: `${secret} for ${title} cannot be used now.` }
  }
}

const tooLow = (secret: string, title: string, needs: Level): Fault => ({
  code: 'scope_missing',
  message: `${secret} for ${title} has too few scopes for this: the call needs the level ${needs}.`,
})

function whose(holder: SecretHolder | undefined): string {
  if (holder?.kind === 'group') return 'The secret of your group'
  return holder?.kind === 'shared' ? 'The secret that all share' : 'Your secret'
}

const inSentence = (words: string) => words.charAt(0).toLowerCase() + words.slice(1)
