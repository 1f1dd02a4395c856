import type { Db } from '@bir/db'
import type { Ctx } from '../../base/context.ts'
import type { Log } from '../../base/log.ts'
import type { KeyRing } from '../../keys/key-ring.ts'
import type { MasterKey } from '../../keys/master-key.ts'
import type { readSettings } from '../../settings/settings.ts'
import type { Providers } from '../../providers/providers.ts'
import type { OperatorVerifier } from '../../tokens/operator.ts'
import type { AuthenticateClient, FindClient } from '../clients/client.ts'
import type { RecordOAuth } from './record.ts'

/** What the stages of the authorization server work with. */
export interface OAuthParts {
  db: Db
  master: MasterKey
  keys: KeyRing
  /** The issuer: the URL at which clients reach this process. */
  issuer: string
  /** The public base URL of the data planes. */
  mcpUrl: string
  stage: string
  providers: Providers
  findClient: FindClient
  authenticateClient: AuthenticateClient
  operators: OperatorVerifier
  /** The settings in force. */
  settings: () => ReturnType<typeof readSettings>
  /** The context of an operation that runs in this name. */
  ctxOf: (label: string) => Ctx
  record: RecordOAuth
  log: Log
}
