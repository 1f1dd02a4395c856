import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { ApiError } from '../base/api-error.ts'
import { procedures } from '../base/perform.ts'
import type { AccessClaims } from '../oauth/issue/access-token.ts'
import type { RecordOAuth } from '../oauth/base/record.ts'

export interface RefusalParts {
  db: Kysely<Database>
  /** The address of the client, as far as trusted proxies tell it. */
  addressOf: (request: IncomingMessage) => string
  record: RecordOAuth
}

/** Whose call was refused, as far as that is known. */
interface Refused {
  /** The operation, where the request has been read. */
  operation?: string
  user?: { id: string; handle: string }
  /** Of a token that this gateway issued. */
  claims?: AccessClaims | undefined
  sid?: string
}

/** Records that a call of the API was refused. Whoever sends what is no token of ours stays without a name. */
export async function recordRefusal(
  { db, record, addressOf }: RefusalParts,
  request: IncomingMessage,
  { code, reason, message }: ApiError,
  { operation = operationOf(request), claims, ...known }: Refused,
): Promise<void> {
  const owner = async () => claims && db.selectFrom('users').select(['id', 'handle']).where('id', '=', claims.sub).executeTakeFirst()
  // A query that fails takes the name from the record, and not the refusal from the answer.
  const user = known.user ?? (await owner().catch(() => undefined))
  await record({
    method: operation,
    outcome: 'refused',
    reason: reason ?? (code === 'forbidden' ? 'forbidden' : 'token-invalid'),
    detail: message,
    user,
    client: claims?.client_id,
    tokenId: claims?.jti,
    sessionId: claims?.sid ?? known.sid,
    address: addressOf(request),
    userAgent: request.headers['user-agent'],
  })
}

const operations: ReadonlySet<string> = new Set(procedures.map(({ path }) => path))

/** What an address of tRPC names. GraphQL names its operations in the body. */
function operationOf({ url = '' }: IncomingMessage): string {
  const named = /^\/trpc\/([^?]*)/.exec(url)?.[1] ?? ''
  return operations.has(named) ? named : 'api'
}
