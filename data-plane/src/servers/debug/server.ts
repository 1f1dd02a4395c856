import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'

/** Helps to find out why something fails: the transport, the settings of a server, the caller's latest calls. */
export const debug = defineServer({ id: 'debug', title: 'Debug', settings: z.strictObject({}) })
