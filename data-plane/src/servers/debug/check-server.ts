import { z } from 'zod'
import { debug } from './server.ts'

export const checkServer = debug.tool({
  name: 'check_server',
  description:
    "Tries a server's settings against the real service and reports each step: its result and how long it took. Shows no secret.",
  level: 'read',
  input: z.strictObject({ server: z.string().describe('A server on which you hold a grant') }),
  output: z.object({
    ok: z.boolean(),
    steps: z.array(z.object({ step: z.string(), ok: z.boolean(), detail: z.string(), duration_ms: z.number() })),
  }),
  async run({ server }, { gateway, signal }) {
    const steps = await gateway.check(server, signal)
    return {
      ok: steps.every(({ ok }) => ok),
      steps: steps.map(({ step, ok, detail, durationMs }) => ({ step, ok, detail, duration_ms: Math.round(durationMs * 10) / 10 })),
    }
  },
  text: ({ steps }) =>
    steps.length === 0
      ? 'This server runs inside the gateway and has nothing outside to check.'
      : steps.map(({ step, ok, detail, duration_ms }) => `${ok ? 'ok  ' : 'FAIL'} ${step}: ${detail} (${duration_ms} ms)`).join('\n'),
})
