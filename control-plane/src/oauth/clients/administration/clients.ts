import type { Api } from '@bir/sdk/contract/api'
import type { Client as ClientSchema } from '@bir/sdk/contract/entities'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database } from '@bir/db/schema'
import type { z } from 'zod'
import { ApiError } from '../../../base/api-error.ts'
import { change } from '../../../base/context.ts'
import type { Ctx } from '../../../base/context.ts'
import { OAuthError } from '../../../base/errors/oauth-error.ts'
import { keyOf, pageOf } from '../../../base/paging.ts'
import type { Db } from '../../../policy-rows/types.ts'
import { findAccount, insertAccount } from '../../../service-accounts/account.ts'
import type { AccountRow } from '../../../service-accounts/account.ts'
import { isAdmitted, isApproved } from '../admission.ts'
import { PORTAL_GRANT_TYPES, SERVICE_GRANT_TYPES } from '../client.ts'
import { readClientMetadata, REGISTRATION_RULES } from '../client-metadata.ts'
import type { ClientMetadata } from '../client-metadata.ts'
import { endClient } from '../end-client.ts'
import { BIR, readClientPolicy } from '../find-client.ts'
import { clientOfRow, createStoredClient } from '../stored-client.ts'
import { rowOf } from './row-of.ts'
import { thumbprintsOf } from './thumbprints.ts'

type Input<K extends keyof Api['clients']> = z.output<Api['clients'][K]['input']>
type Output<K extends keyof Api['clients']> = z.output<Api['clients'][K]['output']>
type Client = z.infer<typeof ClientSchema>

/** The handle of a portal that is given no other. */
const portalHandle = 'portal'

/** The clients that are stored, in the order of their ids. */
export async function list({ db }: Ctx, { first, after, kind }: Input<'list'>): Promise<Output<'list'>> {
  const key = keyOf(after)
  const policy = await readClientPolicy(db)
  const rows = await db
    .selectFrom('oauth_clients as client')
    .leftJoin('users', 'users.id', 'client.user_id')
    .selectAll('client')
    .select(['users.handle as account', 'users.disabled as account_disabled'])
    // One that has expired is unknown already, before it is swept.
    .where((eb) => eb.or([eb('client.expires_at', 'is', null), eb('client.expires_at', '>', sql<Date>`now()`)]))
    .$if(key !== undefined, (query) => query.where('client_id', '>', key ?? ''))
    .$if(kind !== undefined, (query) => query.where('client.kind', '=', kind ?? 'administered'))
    .orderBy('client_id')
    .limit(first + 1)
    .execute()
  const keys = new Map(await Promise.all(rows.map(async (row) => [row.client_id, await thumbprintsOf(row)] as const)))
  return pageOf(
    rows,
    first,
    ({ client_id }) => client_id,
    (row): Client => {
      const client = { ...clientOfRow(row), handle: row.handle }
      return {
        clientId: client.id,
        kind: row.kind,
        handle: row.handle,
        name: row.name,
        redirectUris: [...client.redirectUris],
        postLogoutRedirectUris: [...(client.postLogoutRedirectUris ?? [])],
        grantTypes: [...client.grantTypes],
        authMethod: client.authMethod,
        serviceAccount: row.account,
        disabled: row.account_disabled === true,
        admitted: isAdmitted(policy, client),
        approved: isApproved(policy, client),
        portal: row.portal,
        keys: keys.get(row.client_id) ?? [],
        madeBy: row.made_by,
        madeAt: row.made_at.toISOString(),
        usedAt: row.used_at?.toISOString() ?? null,
        until: row.expires_at?.toISOString() ?? null,
      }
    },
  )
}

/** Creates a client, for people or for a service account. A secret is in the answer and nowhere else. */
export async function create(ctx: Ctx, input: Input<'create'>): Promise<Output<'create'>> {
  const metadata = metadataOf(input)
  const handle = input.handle ?? input.serviceAccount ?? (input.portal ? portalHandle : undefined)
  const target = handle ?? input.name
  const { value } = await change(ctx, { action: 'clients.create', target }, async (trx) => {
    if (handle !== undefined) await refuseTaken(trx, handle, { isId: input.portal === true })
    const account = input.serviceAccount === undefined ? undefined : await accountOf(trx, input.serviceAccount)
    const kind = account ? ('service' as const) : ('administered' as const)
    const made = await createStoredClient(trx, {
      kind,
      handle,
      metadata,
      userId: account?.id,
      isPortal: input.portal === true,
      madeBy: ctx.actor.label,
    })
    const what = input.portal ? 'portal' : kind
    const detail = `${what} client ${made.row.client_id}, ${metadata.token_endpoint_auth_method}, redirect URIs ${metadata.redirect_uris.join(' ') || 'none'}`
    return { value: made, dirty: account?.isNew ? [account.bucket] : [], detail }
  })
  return { clientId: value.row.client_id, handle: value.row.handle, clientSecret: value.secret ?? null }
}

/** Deletes a client. Its sessions end at once; a service account stays. */
export async function remove(ctx: Ctx, { client }: Input<'delete'>): Promise<Output<'delete'>> {
  const { value, revision } = await change(ctx, { action: 'clients.delete', target: client }, async (trx) => {
    const row = await rowOf(trx, client)
    const ended = await endClient(trx, row.client_id)
    const removed = ended === 0 ? [] : [`${ended} ${ended === 1 ? 'session' : 'sessions'}`]
    return { value: removed, dirty: [], detail: [`${row.kind} client ${row.client_id}, ${row.name}`, ...removed].join('\n') }
  })
  return { revision, ...(value.length > 0 ? { removed: value } : {}) }
}

function metadataOf({
  name,
  redirectUris,
  postLogoutRedirectUris,
  authMethod,
  jwks,
  jwksUri,
  serviceAccount,
  portal = false,
}: Input<'create'>): ClientMetadata {
  const isService = serviceAccount !== undefined
  const fault = (message: string) => new ApiError('invalid_input', message)
  if (isService && (redirectUris ?? []).length > 0)
    throw fault('redirectUris: a service account signs in without a browser, so it has none.')
  if (isService && (postLogoutRedirectUris ?? []).length > 0)
    throw fault('postLogoutRedirectUris: a service account signs in without a browser, so it has none.')
  if (isService && authMethod === 'none') throw fault('authMethod: a service account must authenticate.')
  if (portal && isService) throw fault('portal: a service account signs in without a browser, so it is no portal.')
  if (portal && jwks === undefined) throw fault('jwks: a portal signs in with a key, so its public key is needed.')
  if (portal && (authMethod ?? 'private_key_jwt') !== 'private_key_jwt') throw fault('authMethod: a portal signs in by private_key_jwt.')
  const { grant_types, ...metadata } = described({
    client_name: name,
    // Read as those of a client without a browser, which needs no redirect URI.
    grant_types: isService ? ['refresh_token'] : portal ? [...PORTAL_GRANT_TYPES] : undefined,
    redirect_uris: redirectUris ?? [],
    post_logout_redirect_uris: postLogoutRedirectUris,
    token_endpoint_auth_method:
      authMethod ?? (jwks !== undefined || jwksUri !== undefined ? 'private_key_jwt' : isService ? 'client_secret_basic' : 'none'),
    jwks,
    jwks_uri: jwksUri,
  })
  return { ...metadata, grant_types: isService ? [...SERVICE_GRANT_TYPES] : grant_types }
}

/** The rules for clients that register themselves hold for administrators too. */
function described(metadata: object): ClientMetadata {
  try {
    return readClientMetadata(metadata, REGISTRATION_RULES)
  } catch (error) {
    throw error instanceof OAuthError ? new ApiError('invalid_input', error.message, { cause: error }) : error
  }
}

/** `isId`: the handle will be the id of the client too, so it must be the id of no other. */
async function refuseTaken(db: Db, handle: string, { isId }: { isId: boolean }): Promise<void> {
  const row = await db
    .selectFrom('oauth_clients')
    .select('client_id')
    .where((eb) => eb.or([eb('handle', '=', handle), ...(isId ? [eb('client_id', '=', handle)] : [])]))
    .executeTakeFirst()
  if (isId && handle === BIR.id) throw new ApiError('conflict', `The command ${BIR.id} has this id: name another handle.`)
  if (row) throw new ApiError('conflict', `There is a client ${handle} already. Name another handle, or give that one a new secret.`)
}

async function accountOf(trx: Transaction<Database>, handle: string) {
  const account = await findAccount(trx, handle)
  if (account?.disabled) throw disabledAccount(account)
  if (account) return { ...account, isNew: false }
  return { ...(await insertAccount(trx, { handle, title: null, administrator: false })), isNew: true }
}

/** A client whose account is disabled could sign in nowhere. */
function disabledAccount({ handle, disabled_by_file }: AccountRow): ApiError {
  const why = disabled_by_file ? 'is disabled, because the policy file declares it no more' : 'is disabled'
  const remedy = `Enable it first: ${disabled_by_file ? 'declare it under serviceAccounts, or ' : ''}run "bir user enable ${handle}".`
  return new ApiError('conflict', `The service account ${handle} ${why}, so its client could sign in nowhere. ${remedy}`)
}
