import { randomBytes, randomUUID } from 'node:crypto'
import {
  createMcpHandler,
  createRequestStateCodec,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills'
import { Changes } from '../fixture/fixture.ts'
import type { Json } from '../fixture/fixture.ts'
import { skillFiles } from '../fixture/skills.ts'
import { EventLog } from './event-log.ts'
import { modernServer } from './modern-server.ts'
import type { Parts } from './modern-server.ts'
import { serve } from './serve.ts'
import type { Upstream } from './serve.ts'
import { Sessions } from './sessions.ts'
import { answerTasks } from './tasks-front.ts'
import { Tasks } from './tasks.ts'

const retryMs = 100

/** A server that speaks 2026-07-28 and, in legacy sessions, the revisions before it. */
export async function dualUpstream(): Promise<Upstream> {
  const parts = await newParts()
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

/** A server that speaks 2026-07-28 alone and refuses other clients. */
export async function modernUpstream(): Promise<Upstream> {
  const modern = modernHandler(await newParts())
  return serve(modern.fetch, modern.close)
}

const newParts = async (): Promise<Parts> => ({
  changes: new Changes(),
  state: createRequestStateCodec<Json>({ key: randomBytes(32) }),
  tasks: new Tasks(),
  skills: await SkillsExtension.load(memorySkillFiles(skillFiles), { prefix: 'acme', pageSize: 1, strict: true }),
})

function modernHandler(parts: Parts) {
  const handler = createMcpHandler(() => modernServer(parts, 'modern'), { legacy: 'reject' })
  parts.changes.onChange((list) => (list === 'tools' ? handler.notify.toolsChanged() : handler.notify.promptsChanged()))
  return {
    fetch: async (request: Request) => (await answerTasks(request, parts.tasks, parts.changes)) ?? handler.fetch(request),
    close() {
      parts.tasks.close()
      return handler.close()
    },
  }
}

function legacySessions(parts: Parts): Sessions {
  return new Sessions(async (options) => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...options,
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog<JSONRPCMessage>(),
      retryInterval: retryMs,
    })
    await modernServer(parts, 'legacy').connect(transport)
    return transport
  })
}
