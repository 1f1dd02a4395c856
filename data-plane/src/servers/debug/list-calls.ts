import { z } from 'zod'
import { debug } from './server.ts'

export const listCalls = debug.tool({
  name: 'list_calls',
  description:
    'Your latest calls on this gateway, newest first: tool, outcome and reason, time, sizes, and the id under which the audit has it.',
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
      }),
    ),
    count: z.int(),
  }),
  run({ limit }, { gateway }) {
    const items = gateway.calls(limit).map(({ atMs, server, tool, outcome, reason, durationMs, argsBytes, resultBytes, call }) => ({
      at: new Date(atMs).toISOString(),
      server,
      tool,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      duration_ms: durationMs,
      argument_bytes: argsBytes,
      result_bytes: resultBytes,
      call,
    }))
    return { items, count: items.length }
  },
  text: ({ items }) =>
    items.length === 0
      ? 'No calls yet on this plane.'
      : items
          .map(
            ({ at, server, tool, outcome, reason, duration_ms, call }) =>
              `${at} ${server} ${tool}: ${outcome}${reason ? `, ${reason}` : ''} (${duration_ms} ms) ${call}`,
          )
          .join('\n'),
})
