import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import type { EndedPersonalToken, PersonalTokenEntry } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import { readNetworks } from '@bir/sdk/network'
import { sha256Hex } from '../../runtime/sha256.ts'
import { aboutToken } from './holder.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'

const form = /^bir_pat_[\w-]{43}$/

export const isPersonalToken = (bearer: string): boolean => bearer.startsWith('bir_pat_')

/** One object for each entry of the policy, which stays the same while its chunk does. */
const tokens = new WeakMap<PersonalTokenEntry, Token>()

type Known = Pick<Policy, 'personalTokens' | 'endedPersonalTokens'>

/** The personal access token that this text is. Throws `unauthenticated` when the policy does not name it as good. */
export function readPersonalToken(bearer: string, { personalTokens, endedPersonalTokens }: Known): Token {
  const hash = form.test(bearer) ? sha256Hex(bearer) : ''
  const entry = personalTokens.get(hash)
  const token = entry && (tokens.get(entry) ?? tokenOf(hash, entry))
  if (!entry || !token) throw refusalOf(hash, endedPersonalTokens.get(hash))
  tokens.set(entry, token)
  return token
}

/** Whoever sends the whole token may learn that it was good once: nobody can guess one. */
function refusalOf(hash: string, ended: EndedPersonalToken | undefined): GatewayError {
  const token = ended && tokenOf(hash, ended)
  return token
    ? aboutToken(unauthenticated(ended.revoked ? 'token-revoked' : 'token-expired', token), token)
    : unauthenticated('token-invalid')
}

/** Undefined when the policy names a person or networks that cannot be read: then it is good for nothing. */
function tokenOf(hash: string, entry: PersonalTokenEntry | EndedPersonalToken): Token | undefined {
  const { id, subject: person, servers, networks, expiresAtS }: Partial<PersonalTokenEntry> & EndedPersonalToken = entry
  const subject = subjectOf(person)
  const { isInside, fault } = networks ? readNetworks(networks) : {}
  if (!subject || fault !== undefined) return undefined
  return {
    subject,
    tokenId: id,
    sessionId: undefined,
    clientId: 'personal-token',
    actor: undefined,
    audience: servers?.map((server) => `/mcp/${server}`) ?? ['/mcp'],
    // Nothing is known of its beginning. The policy names none that was revoked, by whatever way.
    issuedAtS: Infinity,
    expiresAtS,
    revision: 0,
    binding: undefined,
    personal: { hash, servers, isInside },
  }
}
