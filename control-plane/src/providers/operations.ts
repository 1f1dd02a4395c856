import type { Api } from '@bir/sdk/contract/api'
import { sql } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import type { Db } from '../policy-rows/types.ts'
import { mapClaims, matchRule } from './claims/map-claims.ts'
import { wholeClaims } from './claims/whole-claims.ts'
import { ProviderFault } from './faults/provider-fault.ts'
import { problemOf } from './faults/problem.ts'
import { readConfigured } from './setup/configured.ts'
import type { ConfiguredProvider } from './setup/configured.ts'
import { trySignIn } from './sign-in.ts'

type Input<K extends keyof Api['providers']> = z.output<Api['providers'][K]['input']>
type Tested = z.output<Api['providers']['test']['output']>

export const list = async ({ providers }: Ctx) => ({ items: await providers.states() })

/** Runs the sign-in of such a person up to its end, and takes everything back. */
export async function test(ctx: Ctx, { provider: handle, claims: raw }: Input<'test'>): Promise<Tested> {
  const provider = chosen((await readConfigured(ctx.db, ctx.providers.environment)).providers, handle)
  const rule = matchRule(provider, raw)?.number ?? null
  const nobody = { provider: provider.handle, rule, person: null, unknownGroups: [], changes: null, notes: [] }
  try {
    const claims = mapClaims(provider, wholeClaims(provider, raw))
    const { user, isNew, groups, detail } = await trySignIn(ctx, provider.handle, claims)
    const { handle, subject, name, email, administrator, disabled } = user
    const person = { handle, subject, isNew, name, email, emailVerified: claims.isEmailVerified, administrator, disabled, groups }
    const unknownGroups = await unknownAmong(ctx.db, claims.groups ?? [])
    return { ...nobody, problem: null, person, unknownGroups, changes: detail ?? null, notes: claims.notes }
  } catch (error) {
    if (error instanceof ProviderFault) return { ...nobody, problem: problemOf(error) }
    throw error
  }
}

function chosen(providers: readonly ConfiguredProvider[], handle: string | undefined): ConfiguredProvider {
  const [only, ...others] = providers
  if (handle === undefined && only && others.length === 0) return only
  const named = providers.find((provider) => provider.handle === handle)
  if (named) return named
  if (handle !== undefined) throw notFound('identity provider', handle)
  if (!only) throw new ApiError('not_found', 'There is no identity provider.')
  throw new ApiError('invalid_input', `Name the provider: there are ${providers.map((each) => each.handle).join(', ')}.`)
}

async function unknownAmong(db: Db, handles: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('groups')
    .select('handle')
    .where('handle', '=', sql<string>`any(${handles})`)
    .execute()
  const known = new Set(rows.map(({ handle }) => handle))
  return handles.filter((handle) => !known.has(handle))
}
