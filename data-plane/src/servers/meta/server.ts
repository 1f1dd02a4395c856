import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'

/** The gateway about itself, as the caller may see it. */
export const meta = defineServer({ id: 'meta', title: 'Bir MCP', settings: z.strictObject({}) })
