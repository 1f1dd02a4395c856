import { Client } from 'pg'

export interface Listening {
  stop: () => Promise<void>
}

export interface ListenOptions {
  onNotice: (payload: string) => void
  /** Called each time the connection is up again: what was sent meanwhile is lost. */
  onConnected?: () => void
  onLost?: (error: Error) => void
}

const retryMs = 500

/** Listens on a channel over a connection of its own, which is made anew whenever it breaks. */
export function listen(url: string, channel: string, { onNotice, onConnected, onLost }: ListenOptions): Listening {
  let stopped = false
  let client: Client | undefined
  let retry: NodeJS.Timeout | undefined

  const lost = (from: Client, error: Error) => {
    if (from !== client) return
    client = undefined
    from.end().catch(() => undefined)
    if (stopped) return
    onLost?.(error)
    retry = setTimeout(connect, retryMs)
  }

  const connect = () => {
    const fresh = new Client({ connectionString: url, keepAlive: true, application_name: `bir listen ${channel}` })
    client = fresh
    fresh.on('error', (error) => lost(fresh, error))
    fresh.on('end', () => lost(fresh, new Error('the connection ended')))
    fresh.on('notification', ({ payload }) => onNotice(payload ?? ''))
    fresh
      .connect()
      .then(() => fresh.query(`listen ${fresh.escapeIdentifier(channel)}`))
      .then(() => onConnected?.())
      .catch((error: Error) => lost(fresh, error))
  }
  connect()

  return {
    async stop() {
      stopped = true
      clearTimeout(retry)
      const last = client
      client = undefined
      await last?.end().catch(() => undefined)
    },
  }
}
