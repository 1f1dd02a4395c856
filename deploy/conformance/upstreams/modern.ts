import { randomBytes, randomUUID } from 'node:crypto'
import {
  createMcpHandler,
  createRequestStateCodec,
  isLegacyRequest,
  type JSONRPCMessage,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { Changes, type Json } from '../fixture/fixture.ts'
import { EventLog } from './event-log.ts'
import { modernServer, type Parts } from './modern-server.ts'
import { serve, type Upstream } from './serve.ts'
import { Sessions } from './sessions.ts'

const retryMs = 100

/** Speaks 2026-07-28 and, in sessions of the legacy kind, everything before. */
export function dualUpstream(): Promise<Upstream> {
  const parts = newParts()
  const modern = modernHandler(parts)
  const legacy = legacySessions(parts)
  return serve(
    async (request) => ((await isLegacyRequest(request)) ? legacy.fetch(request) : modern.fetch(request)),
    async () => {
      await legacy.close()
      await modern.close()
    },
  )
}

/** Speaks 2026-07-28 alone and turns everyone else away. */
export function modernUpstream(): Promise<Upstream> {
  const modern = modernHandler(newParts())
  return serve(modern.fetch, modern.close)
}

const newParts = (): Parts => ({ changes: new Changes(), state: createRequestStateCodec<Json>({ key: randomBytes(32) }) })

function modernHandler(parts: Parts) {
  const handler = createMcpHandler(() => modernServer(parts), { legacy: 'reject' })
  parts.changes.onChange((list) => (list === 'tools' ? handler.notify.toolsChanged() : handler.notify.promptsChanged()))
  return handler
}

function legacySessions(parts: Parts): Sessions {
  return new Sessions(async (options) => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...options,
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog<JSONRPCMessage>(),
      retryInterval: retryMs,
    })
    await modernServer(parts).connect(transport)
    return transport
  })
}
