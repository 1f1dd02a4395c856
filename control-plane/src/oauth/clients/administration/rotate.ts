import type { Api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../../../base/api-error.ts'
import { change } from '../../../base/context.ts'
import type { Ctx } from '../../../base/context.ts'
import { OAuthError } from '../../../base/errors/oauth-error.ts'
import { readKeys } from '../client-keys.ts'
import { newClientSecret } from '../secret.ts'
import { clientOfRow } from '../stored-client.ts'
import type { ClientRow } from '../stored-client.ts'
import { rowOf } from './row-of.ts'
import { thumbprintsOf } from './thumbprints.ts'

type Input = z.output<Api['clients']['rotate']['input']>
type Output = z.output<Api['clients']['rotate']['output']>

/** Gives a client a new secret, or new keys. What it had is good no more from then on. */
export const rotate = (ctx: Ctx, { client, jwks }: Input): Promise<Output> =>
  jwks === undefined ? replaceSecret(ctx, client) : replaceKeys(ctx, client, jwks)

async function replaceSecret(ctx: Ctx, client: string): Promise<Output> {
  const made = newClientSecret()
  const { value } = await change(ctx, { action: 'clients.rotate', target: client }, async (trx) => {
    const row = await rowOf(trx, client)
    if (row.secret_hash === null) throw conflict(`The client ${client} has no secret: ${wayOf(row)}.`)
    await trx.updateTable('oauth_clients').set({ secret_hash: made.hash }).where('client_id', '=', row.client_id).execute()
    return { value: row, dirty: [], detail: `client ${row.client_id}` }
  })
  return { clientId: value.client_id, handle: value.handle, clientSecret: made.secret }
}

/** The sessions of the client go on: they are bound to the client, whichever key it has. */
async function replaceKeys(ctx: Ctx, client: string, input: object): Promise<Output> {
  const jwks = publicKeys(input)
  const { value } = await change(ctx, { action: 'clients.rotate', target: client }, async (trx) => {
    const row = await rowOf(trx, client)
    if (clientOfRow(row).jwks === undefined) throw conflict(`The gateway has no keys of the client ${client}: ${wayOf(row)}.`)
    const metadata = JSON.stringify({ ...row.metadata, jwks })
    await trx.updateTable('oauth_clients').set({ metadata }).where('client_id', '=', row.client_id).execute()
    const detail = `client ${row.client_id}, keys ${(await thumbprintsOf({ ...row, metadata: { ...row.metadata, jwks } })).join(' ')}`
    return { value: row, dirty: [], detail }
  })
  return { clientId: value.client_id, handle: value.handle, clientSecret: null }
}

function publicKeys(input: object) {
  try {
    return readKeys(input)
  } catch (error) {
    throw error instanceof OAuthError ? new ApiError('invalid_input', error.message, { cause: error }) : error
  }
}

/** How the client proves who it is, and so what may be given to it. */
function wayOf(row: ClientRow): string {
  const { authMethod, jwksUri } = clientOfRow(row)
  if (jwksUri !== undefined) return `it signs in with those at ${jwksUri}, which it replaces there`
  return authMethod === 'private_key_jwt'
    ? 'it signs in with keys, so give its new public ones as jwks'
    : `it authenticates by ${authMethod}`
}

const conflict = (message: string) => new ApiError('conflict', message)
