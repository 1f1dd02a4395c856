import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { initTRPC, TRPCError } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import type { z } from 'zod'
import { api } from './contract/api.ts'
import type { Api, ApiErrorCode } from './contract/api.ts'
import { LOOPBACK_HOST } from './contract/loopback.ts'

type Handlers = {
  [G in keyof Api]?: {
    [O in keyof Api[G]]?: Api[G][O] extends { input: infer I extends z.ZodType; output: infer R extends z.ZodType }
      ? (input: z.output<I>, bearer: string) => z.input<R> | Promise<z.input<R>>
      : never
  }
}

/** Thrown by a handler of the stand-in, to refuse as the control plane does. */
export class Refusal extends Error {
  readonly code: ApiErrorCode
  constructor(code: ApiErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const trpcCodes = {
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  invalid_input: 'BAD_REQUEST',
  conflict: 'CONFLICT',
  unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
} as const

/** Starts a server that takes every connection, sends `beginning` after the first bytes of a request, and no more. */
export async function silentServer(beginning = '') {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('data', () => socket.write(beginning))
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What the stand-in says about its planes: there is one, and it enforces the policy. */
const enforcedStatus: z.input<typeof api.snapshot.status.output> = {
  revision: 7,
  root: 'f00d',
  at: '2026-11-22T08:00:00Z',
  planes: [
    {
      id: '01890000-0000-7000-8000-0000000000aa',
      name: 'local',
      publicKey: {},
      joinedAt: '2026-11-22T08:00:00Z',
      seenAt: '2026-11-22T08:00:00Z',
      revision: 7,
      standing: 'enforcing',
      rejected: null,
      auditSeq: 9,
      expelled: false,
    },
  ],
}

/**
 * Starts a stand-in for the control plane: a real HTTP server with the real tRPC
 * protocol. The test passes its operations. It knows no policy and checks no
 * token. One plane enforces what it publishes, unless the test says otherwise.
 * `routes` serves paths that are not tRPC, such as the token endpoint.
 */
export async function standIn(
  handlers: Handlers,
  routes: Record<string, (body: URLSearchParams) => { status: number; body: unknown }> = {},
) {
  const t = initTRPC.context<{ bearer: string }>().create({
    isDev: false,
    errorFormatter: ({ shape, error }) => ({
      ...shape,
      data: { ...shape.data, code: error.cause instanceof Refusal ? error.cause.code : shape.data.code },
    }),
  })

  const procedureOf = (group: string, name: string, { kind, input }: { kind: string; input: z.ZodType }) => {
    const run = async (opts: { input: unknown; ctx: { bearer: string } }) => {
      const handler = (
        { snapshot: { status: () => enforcedStatus }, ...handlers } as Record<
          string,
          Record<string, (input: unknown, bearer: string) => unknown>
        >
      )[group]?.[name]
      // As a control plane of an earlier version, which does not have the operation.
      if (!handler) throw new TRPCError({ code: 'NOT_FOUND', message: `The test gave no ${group}.${name}.` })
      try {
        return await handler(opts.input, opts.ctx.bearer)
      } catch (cause) {
        if (cause instanceof Refusal) throw new TRPCError({ code: trpcCodes[cause.code], message: cause.message, cause })
        throw cause
      }
    }
    const procedure = t.procedure.input(input)
    return kind === 'query' ? procedure.query(run) : procedure.mutation(run)
  }

  // Groups are plain records, because tRPC refuses a procedure called `apply` in a nested router.
  const groups = Object.entries(api).map(([group, operations]) => [
    group,
    Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, procedureOf(group, name, operation)])),
  ])
  const trpc = createHTTPHandler({
    router: t.router(Object.fromEntries(groups)),
    basePath: '/trpc/',
    allowMethodOverride: true,
    createContext: ({ req }) => ({ bearer: (req.headers.authorization ?? '').replace('Bearer ', '') }),
  })

  const server = createServer((req, res) => {
    const route = routes[req.url ?? '']
    if (!route) return trpc(req, res)
    const send = (body: string) => {
      const answer = route(new URLSearchParams(body))
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    }
    text(req).then(send, () => res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
