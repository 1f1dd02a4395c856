import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Client, ClientConfig } from 'pg'
import type { OpenConnection } from '../../connection/open-connection.ts'
import type { ConnectionSettings } from '../../connection/settings.ts'

const connectMs = 5_000

/** Loads the driver with the first query, so that a data plane without SQL does not load it. */
export const loadPg = async () => (await import('pg')).default

/** With what somebody logs in. */
export interface LogIn {
  readonly user: string
  /** A function reads it anew at each log-in. */
  readonly password: string | ((this: Client) => Promise<string>) | undefined
}

/** With what the caller of a connection logs in now. */
export async function readLogIn({ user, password }: ConnectionSettings, readSecret: OpenConnection['readSecret']): Promise<LogIn> {
  return {
    user: typeof user === 'string' ? user : await readSecret(user),
    password: password && (await readPassword(password, readSecret)),
  }
}

export const clientConfig = ({ host, port, database, tls }: ConnectionSettings, { user, password }: LogIn): ClientConfig => ({
  host,
  port,
  database,
  user,
  ...(password !== undefined && { password }),
  ssl: tls === 'verify' ? { rejectUnauthorized: true } : false,
  application_name: 'bir-mcp',
  connectionTimeoutMillis: connectMs,
  keepAlive: true,
})

/**
 * Reads the password at each log-in, and ends the log-in when it cannot be read. The driver would leave its socket
 * open, and the database would keep a place for it for a minute.
 */
export function passwordReader(password: SecretRef, currentReadSecret: () => OpenConnection['readSecret']) {
  return async function read(this: Client): Promise<string> {
    try {
      return await readPassword(password, currentReadSecret())
    } catch (error) {
      this.end().catch(() => undefined)
      throw error
    }
  }
}

async function readPassword(password: SecretRef, readSecret: OpenConnection['readSecret']): Promise<string> {
  try {
    return await readSecret(password)
  } catch (cause) {
    // The person can mend it, and its words say how.
    if (password.of === 'person' && cause instanceof ToolError) throw cause
    throw new ToolError('upstream_down', "The gateway's password for this database cannot be read.", {
      hint: 'Tell an administrator.',
      cause,
    })
  }
}
