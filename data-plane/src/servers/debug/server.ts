import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'

/** For finding out why something does not work: transport, a server's settings, one's own latest calls. */
export const debug = defineServer({ id: 'debug', title: 'Debug', settings: z.strictObject({}) })
