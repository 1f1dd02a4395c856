import { z } from 'zod'
import { meta } from './server.ts'

export const getUsage = meta.tool({
  name: 'get_usage',
  description: 'Your latest calls on this gateway counted by tool, their failures, and the limits that hold for you.',
  level: 'read',
  input: z.strictObject({}),
  output: z.object({
    items: z.array(z.object({ server: z.string(), tool: z.string(), calls: z.int(), not_answered: z.int() })),
    count: z.int(),
    limits: z.object({
      per_second: z.number(),
      burst: z.int(),
      calls_at_once: z.int(),
      streams_at_once: z.int(),
      call_timeout_ms: z.int(),
      answer_characters: z.int(),
    }),
  }),
  run(_args, { gateway }) {
    const byTool = Map.groupBy(gateway.calls(50), ({ server, tool }) => `${server} ${tool}`)
    const items = [...byTool.values()].map((calls) => ({
      server: calls[0]?.server ?? '',
      tool: calls[0]?.tool ?? '',
      calls: calls.length,
      not_answered: calls.filter(({ outcome }) => outcome !== 'answered').length,
    }))
    const { ratePerSecond, rateBurst, callsAtOnce, streamsAtOnce, callTimeoutMs, truncateChars } = gateway.limits
    return {
      items,
      count: items.length,
      limits: {
        per_second: ratePerSecond,
        burst: rateBurst,
        calls_at_once: callsAtOnce,
        streams_at_once: streamsAtOnce,
        call_timeout_ms: callTimeoutMs,
        answer_characters: truncateChars,
      },
    }
  },
})
