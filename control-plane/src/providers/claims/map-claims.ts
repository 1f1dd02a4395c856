import { Handle } from '@bir/sdk/contract/names'
import type { ClaimRule } from '@bir/sdk/contract/provider'
import { z } from 'zod'
import { isStorable } from '../../base/plain-input.ts'
import { ProviderFault } from '../faults/provider-fault.ts'
import { holds } from './condition.ts'
import { mapGroups } from './groups.ts'
import type { MappedClaims } from './mapped-claims.ts'
import { claimsIn, fillIn, readClaim, readText, readTexts } from './read-claim.ts'
import type { RawClaims } from './read-claim.ts'

/** What of a provider decides who its people are. */
export interface ClaimSource {
  handle: string
  domains?: readonly string[] | undefined
  claims?: readonly ClaimRule[] | undefined
}

const usual: ClaimRule = {}
const usualRoles = { from: 'roles', administrator: ['administrator'] }

/** The first rule that matches, counted from 1; 0 when the provider has no rules. Undefined: none matches. */
export function matchRule({ claims: rules }: ClaimSource, claims: RawClaims): { number: number; rule: ClaimRule } | undefined {
  if (!rules) return { number: 0, rule: usual }
  const index = rules.findIndex((rule) => holds(rule, claims))
  const rule = rules[index]
  return rule && { number: index + 1, rule }
}

/**
 * The person whom these claims describe. Throws a `ProviderFault` when the rules of the provider refuse them. That the
 * claims are the provider's, the caller has verified.
 */
export function mapClaims(provider: ClaimSource, claims: RawClaims): MappedClaims {
  const subject = readText(claims, 'sub')
  if (subject === undefined || subject.length > 255) throw refused('The provider does not say whose sign-in this is.', askAdministrator)
  const { rule } = matchRule(provider, claims) ?? {}
  if (!rule) throw shutOut(`None of the rules for people of ${provider.handle} covers this person.`, askAdministrator)
  if (rule.refuse !== undefined) throw shutOut(rule.refuse, '', rule.refuse)
  const { email, isEmailVerified } = emailOf(rule, claims)
  refuseOutsider(provider, isEmailVerified ? email : undefined)
  return {
    subject,
    ...handleOf(rule, claims),
    name: nameOf(rule, claims),
    email,
    isEmailVerified,
    ...rolesOf(rule, claims),
    ...mapGroups(rule, claims),
  }
}

const askAdministrator = 'Ask an administrator of the gateway whether you should have access.'

/** The claims do not say what is needed. */
const refused = (what: string, next: string) => new ProviderFault({ reason: 'claims-refused', whose: 'administrator', what, next })

/**
 * The administrators want this person not to come in. Their own `sentence` is all that is said then: it says whom to
 * ask, or that there is nobody to ask.
 */
const shutOut = (what: string, next: string, sentence?: string) =>
  new ProviderFault({ reason: 'claims-refused', whose: 'administrator', what, next, shutOut: { sentence } })

function handleOf({ handle: text = 'preferred_username' }: ClaimRule, claims: RawClaims): Pick<MappedClaims, 'handle' | 'handleFault'> {
  const value = fillIn(claims, text)
  const parsed = Handle.safeParse(value?.toLowerCase())
  if (parsed.success) return { handle: parsed.data, handleFault: undefined }
  const why =
    value === undefined ? `has no ${claimsIn(text).join(', ')}` : `says ${JSON.stringify(value.slice(0, 100))}, which cannot be a handle`
  return { handle: undefined, handleFault: why }
}

function nameOf({ name = 'name' }: ClaimRule, claims: RawClaims): string | undefined {
  const value = fillIn(claims, name)
  return value !== undefined && value.length <= 200 ? value : undefined
}

const Email = z.email().max(320).refine(isStorable)

function emailOf({ email = 'email' }: ClaimRule, claims: RawClaims): Pick<MappedClaims, 'email' | 'isEmailVerified'> {
  const { from, verified } = typeof email === 'string' ? { from: email, verified: undefined } : email
  const parsed = Email.safeParse(readText(claims, from))
  if (!parsed.success) return { email: undefined, isEmailVerified: false }
  // The claim of the provider speaks of its claim `email`, and of no other.
  const isSaid = from === 'email' && readClaim(claims, 'email_verified') === true
  return { email: parsed.data, isEmailVerified: verified ?? isSaid }
}

function rolesOf({ roles = usualRoles }: ClaimRule, claims: RawClaims): Pick<MappedClaims, 'administrator'> {
  const values = roles === false ? undefined : readTexts(claims, roles.from)
  if (roles === false || !values) return { administrator: undefined }
  return { administrator: values.some((value) => roles.administrator.includes(value)) }
}

function refuseOutsider({ handle, domains }: ClaimSource, email: string | undefined): void {
  if (!domains) return
  const domain = email?.slice(email.lastIndexOf('@') + 1).toLowerCase()
  if (domain !== undefined && domains.includes(domain)) return
  const named = domains.join(', ')
  throw domain === undefined
    ? refused(
        `The provider ${handle} names no verified address of this person, and people of ${named} alone may use it.`,
        'An administrator can say where the address is, and that the provider verifies it: email: { from: …, verified: true }.',
      )
    : shutOut(
        `An address of ${domain} may not sign in with the provider ${handle}: it is for ${named}.`,
        'Sign in with your other account.',
      )
}
