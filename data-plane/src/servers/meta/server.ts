import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'

/** Describes the gateway itself, as far as the caller may see it. */
export const meta = defineServer({ id: 'meta', title: 'Bir MCP', settings: z.strictObject({}) })
