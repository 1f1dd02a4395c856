import { z } from 'zod'
import { debug } from './server.ts'

export const echo = debug.tool({
  name: 'echo',
  description: 'Returns its input: checks transport and encoding.',
  level: 'read',
  input: z.strictObject({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: ({ text }) => ({ text }),
  text: ({ text }) => text,
})
