import { FileProvider } from '@bir/sdk/contract/provider'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import { readSecretFile } from '@bir/sdk/secret-file'
import type { Db } from '../../policy-rows/types.ts'
import type { ClaimSource } from '../claims/map-claims.ts'
import { ProviderFault } from '../faults/provider-fault.ts'

/** A provider of the policy file, or the one of the environment. */
export interface ConfiguredProvider extends ClaimSource {
  title: string
  issuer: string
  /** Undefined: nobody signs in through it on a page; its tokens are exchanged all the same. */
  clientId: string | undefined
  clientSecret: string | SecretRef | undefined
  clientAuth: 'basic' | 'post' | undefined
  scopes: readonly string[]
  /** Of tokens that are taken in exchange. */
  audience: string
  userinfo: boolean
  /** It may assert that a person uses a client here (ID-JAG). */
  idJag?: boolean | undefined
}

/** The provider of the settings `IDP_…`. */
export interface EnvironmentProvider {
  handle: string
  issuer: string
  clientId?: string | undefined
  clientSecret?: string | undefined
  scopes?: readonly string[] | undefined
  /** Of tokens that are taken in exchange. Default: the client id. */
  audience?: string | undefined
}

const usualScopes = ['openid', 'profile', 'email']

const fromEnvironment = ({ handle, issuer, clientId, clientSecret, scopes, audience }: EnvironmentProvider): ConfiguredProvider => ({
  handle,
  issuer,
  clientId,
  clientSecret,
  title: handle,
  scopes: scopes ?? usualScopes,
  audience: audience ?? clientId ?? '',
  clientAuth: undefined,
  userinfo: true,
})

function fromFile(
  handle: string,
  { title, clientSecret, clientAuth, scopes, audience, userinfo, ...given }: FileProvider,
): ConfiguredProvider {
  return {
    ...given,
    handle,
    title: title ?? handle,
    clientSecret,
    clientAuth,
    scopes: ['openid', ...(scopes ?? usualScopes).filter((scope) => scope !== 'openid')],
    audience: audience ?? given.clientId,
    userinfo: userinfo ?? true,
  }
}

export interface Configured {
  providers: ConfiguredProvider[]
  /** Handles that the policy has in a form that this version does not know. */
  unknown: string[]
}

/**
 * All providers, in the order of their handles. That of the environment goes before one of the same handle or issuer in
 * the policy, as long as somebody left both there: a person is identified by the handle.
 */
export async function readConfigured(db: Db, environment: EnvironmentProvider | undefined): Promise<Configured> {
  const row = await db.selectFrom('policy_sections').select('value').where('name', '=', 'providers').executeTakeFirst()
  const entries = Object.entries(row?.value ?? {})
  const first = environment ? [fromEnvironment(environment)] : []
  const unknown: string[] = []
  const others = entries.flatMap(([handle, entry]) => {
    const parsed = FileProvider.safeParse(entry)
    if (!parsed.success) unknown.push(handle)
    const isDouble = handle === environment?.handle || parsed.data?.issuer === environment?.issuer
    return parsed.success && !isDouble ? [fromFile(handle, parsed.data)] : []
  })
  return { providers: [...first, ...others].toSorted((a, b) => (a.handle < b.handle ? -1 : 1)), unknown }
}

/** The secret itself. Throws a `ProviderFault` when the file is missing. */
export async function readClientSecret({ handle, clientSecret }: ConfiguredProvider, dir: string | undefined): Promise<string | undefined> {
  if (clientSecret === undefined || typeof clientSecret === 'string') return clientSecret
  const missing = (cause?: unknown) =>
    new ProviderFault(
      {
        reason: 'provider-misconfigured',
        whose: 'administrator',
        what: `The gateway has no secret for the identity provider ${handle}.`,
        next:
          dir === undefined
            ? `An administrator must set SECRETS_DIR of the control plane, and put the secret ${clientSecret.secret} into it.`
            : `An administrator must put the secret ${clientSecret.secret} into the SECRETS_DIR of the control plane.`,
      },
      { cause },
    )
  if (dir === undefined) throw missing()
  const secret = await readSecretFile(dir, clientSecret).catch((cause: unknown) => {
    throw missing(cause)
  })
  if (secret === '') throw missing()
  return secret
}
