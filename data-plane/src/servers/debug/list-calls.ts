import { z } from 'zod'
import type { SentRequest } from '../../server-kit/http/service.ts'
import { debug } from './server.ts'

export const listCalls = debug.tool({
  name: 'list_calls',
  description:
    'Your latest calls on this gateway, newest first: tool, outcome and reason, time, sizes, requests sent to the service, and the id under which the audit has it.',
  level: 'read',
  input: z.strictObject({ limit: z.int().min(1).max(50).default(20) }),
  output: z.object({
    items: z.array(
      z.object({
        at: z.string(),
        server: z.string(),
        tool: z.string(),
        outcome: z.string(),
        reason: z.string().optional(),
        duration_ms: z.number(),
        argument_bytes: z.int(),
        result_bytes: z.int(),
        call: z.string(),
        requests: z.array(z.object({ method: z.string(), path: z.string(), status: z.int().optional(), ms: z.number() })).optional(),
      }),
    ),
    count: z.int(),
  }),
  run({ limit }, { gateway }) {
    const items = gateway
      .calls(limit)
      .map(({ atMs, server, tool, outcome, reason, durationMs, argsBytes, resultBytes, call, requests }) => ({
        at: new Date(atMs).toISOString(),
        server,
        tool,
        outcome,
        ...(reason === undefined ? {} : { reason }),
        duration_ms: durationMs,
        argument_bytes: argsBytes,
        result_bytes: resultBytes,
        call,
        ...(requests && { requests: requests.map(asItem) }),
      }))
    return { items, count: items.length }
  },
  text: ({ items }) =>
    items.length === 0
      ? 'No calls yet on this plane.'
      : items
          .map(({ at, server, tool, outcome, reason, duration_ms, call, requests = [] }) =>
            [
              `${at} ${server} ${tool}: ${outcome}${reason ? `, ${reason}` : ''} (${duration_ms} ms) ${call}`,
              ...requests.map(({ method, path, status = 'no answer', ms }) => `  ${method} ${path}: ${status} (${ms} ms)`),
            ].join('\n'),
          )
          .join('\n'),
})

const asItem = ({ method, path, status, durationMs }: SentRequest) => ({
  method,
  path,
  ...(status !== undefined && { status }),
  ms: Math.round(durationMs * 10) / 10,
})
