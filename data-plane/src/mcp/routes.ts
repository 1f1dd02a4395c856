import { decideServer } from '@bir/sdk/contract/decide-server'
import { z } from 'zod'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming } from '../pipeline/types.ts'
import type { Origin } from './aggregate/inbound.ts'
import { nameBook } from './aggregate/names.ts'
import type { Routes } from './aggregate/outbound.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'sealer' | 'offers'>

const kind = 'task'
/** A task may outlive the day; its seal lasts as long as the keys do. */
const taskLifeMs = 7 * 24 * 60 * 60 * 1000

const Task = z.object({ server: z.string(), taskId: z.string() })

/** The way back from the words of `/mcp` to a server's own, for this person. */
export const routesOf = ({ sealer, offers }: Needs, { token, policy }: Call): Routes => ({
  bookOf(of, server) {
    const entries = offers.of(server, of === 'tool' ? 'tools/list' : 'prompts/list', policy) ?? []
    return nameBook(
      server,
      entries.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    )
  },
  openTask(sealed) {
    const opened = Task.safeParse(sealer.open(kind, token.subject.id, sealed, Date.now()))
    return opened.success ? opened.data : undefined
  },
})

/** The way from a server's words to those of `/mcp`, for this person. */
export const originOf = ({ sealer }: Pick<Ports, 'sealer'>, { token, policy, person }: Call, server: string): Origin => ({
  server,
  sealTask: (taskId) => sealer.seal(kind, token.subject.id, { server, taskId }, Date.now() + taskLifeMs),
  readable: () => decideServer(policy, person, server, 'read', Date.now()).allow,
})
