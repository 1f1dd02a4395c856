import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { Changes } from '../fixture/fixture.ts'
import { EventLog } from './event-log.ts'
import { legacyServer } from './legacy-server.ts'
import { serve } from './serve.ts'
import type { Upstream } from './serve.ts'
import { Sessions } from './sessions.ts'

const retryMs = 100

/** A server that speaks 2025-11-25 and earlier, with sessions alone. */
export function legacyUpstream(): Promise<Upstream> {
  const changes = new Changes()
  const sessions = new Sessions(async (options) => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...options,
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog<JSONRPCMessage>(),
      retryInterval: retryMs,
    })
    await legacyServer(changes).connect(transport)
    return transport
  })
  return serve(
    (request) => sessions.fetch(request),
    () => sessions.close(),
  )
}
