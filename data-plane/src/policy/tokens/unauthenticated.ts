import { GatewayError } from '@bir/sdk/contract/errors'

/** Why a token, or its absence, is refused. These words are in audit records. */
export type TokenFault =
  | 'token-missing'
  | 'token-malformed'
  | 'token-invalid'
  | 'token-wrong-scope'
  | 'token-wrong-audience'
  | 'token-expired'
  | 'token-revoked'
  | 'session-revoked'
  | 'token-before-epoch'
  | 'binding-network'
  | 'binding-user-agent'
  | 'unknown-person'

/** What its holder may be told of a token whose signature holds. */
interface TokenFacts {
  readonly expiresAtS?: number | undefined
  readonly audience?: readonly string[] | undefined
  /** The address it was sent to. */
  readonly resource?: string | undefined
  /** Set for a personal access token, which no client can renew. */
  readonly personal?: object | undefined
  /** No control plane can be reached: the token is good for reading alone, and cannot be renewed now. */
  readonly isAway?: boolean
}

const getAnother = 'Sign in again in your client, or get another with `bir token`.'
const anotherOf = ({ personal }: TokenFacts) => (personal ? 'Make another with `bir pat create`.' : getAnother)
const onlyReading =
  'While the control plane of the gateway is away nobody can renew it, and it is still good for reading alone. Tell an administrator.'
/** It says neither what the token is bound to nor which of the two differs: whoever stole one learns nothing. */
const boundElsewhere = `This token was issued to another client, or to one in another network. ${getAnother}`
/** It does not say which networks. */
const outsideItsNetworks =
  'This personal access token may not be used from here. Use it from the networks that it was made for, or make another with `bir pat create`.'
const revoked = (facts: TokenFacts) => `This token was revoked. ${anotherOf(facts)}`

const sentenceOf: Readonly<Record<TokenFault, string | ((facts: TokenFacts) => string)>> = {
  'token-missing':
    'The request has no token. Sign in with your client. A client that cannot do so sends the header Authorization: Bearer <token>; `bir token` prints a token.',
  'token-malformed': 'The header Authorization holds no bearer token. Send Authorization: Bearer <token>, the whole token in one line.',
  'token-invalid': `This token is not of this gateway, or it is not whole. ${getAnother}`,
  'token-wrong-scope': `This token is not for MCP. ${getAnother}`,
  'token-wrong-audience': ({ audience = [], resource }) =>
    `This token is for ${audience.join(' and ').slice(0, 300)}, not for ${resource}. Use it there, or sign in at this address; \`bir connect\` prints its configuration.`,
  'token-expired': (facts) =>
    `This token expired${facts.expiresAtS === undefined ? '' : ` at ${minuteOf(facts.expiresAtS)}`}. ${facts.isAway ? onlyReading : anotherOf(facts)}`,
  'token-revoked': revoked,
  'session-revoked': revoked,
  'token-before-epoch': revoked,
  'binding-network': ({ personal }) => (personal ? outsideItsNetworks : boundElsewhere),
  'binding-user-agent': boundElsewhere,
  'unknown-person': 'This gateway does not know the person of this token. Ask an administrator.',
}

/**
 * The refusal of a token, in a sentence for its holder. Only a token whose signature holds, or whose hash the policy
 * names, is said to be expired, revoked or for another address: a forger learns from this no more than that the token
 * is wrong.
 */
export function unauthenticated(reason: TokenFault, facts: TokenFacts & { cause?: unknown; detail?: string } = {}): GatewayError {
  const sentence = sentenceOf[reason]
  const publicMessage = typeof sentence === 'string' ? sentence : sentence(facts)
  return new GatewayError('unauthenticated', facts.detail ?? reason, { reason, publicMessage, cause: facts.cause })
}

/** Such as `11:05 UTC on 2026-11-28`. A claim may be a number that is no date. */
function minuteOf(timeS: number): string {
  const date = new Date(timeS * 1000)
  if (Number.isNaN(date.getTime())) return 'a time that is no date'
  const [day, time = ''] = date.toISOString().split('T')
  return `${time.slice(0, 5)} UTC on ${day}`
}
