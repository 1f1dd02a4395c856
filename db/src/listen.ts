import { Client } from 'pg'

export interface Listening {
  stop: () => Promise<void>
}

export interface ListenOptions {
  onNotice: (payload: string) => void
  /** Called whenever a connection is established. Notices that were sent while there was none are lost. */
  onConnected?: () => void
  onLost?: (error: Error) => void
}

const retryMs = 500

/** Listens on a Postgres channel over its own connection. When the connection breaks, a new one replaces it. */
export function listen(url: string, channel: string, { onNotice, onConnected, onLost }: ListenOptions): Listening {
  let stopped = false
  let client: Client | undefined
  let retry: NodeJS.Timeout | undefined

  const reconnect = (brokenClient: Client, error: Error) => {
    if (brokenClient !== client) return // one failure may be reported by several events
    client = undefined
    brokenClient.end().catch(() => undefined)
    if (stopped) return
    onLost?.(error)
    retry = setTimeout(connect, retryMs)
  }

  const connect = () => {
    const newClient = new Client({ connectionString: url, keepAlive: true, application_name: `bir listen ${channel}` })
    client = newClient
    newClient.on('error', (error) => reconnect(newClient, error))
    newClient.on('end', () => reconnect(newClient, new Error('the connection ended')))
    newClient.on('notification', ({ payload }) => onNotice(payload ?? ''))
    newClient
      .connect()
      .then(() => newClient.query(`listen ${newClient.escapeIdentifier(channel)}`))
      .then(() => onConnected?.())
      .catch((error: Error) => reconnect(newClient, error))
  }
  connect()

  return {
    async stop() {
      stopped = true
      clearTimeout(retry)
      const openClient = client
      client = undefined
      await openClient?.end().catch(() => undefined)
    },
  }
}
