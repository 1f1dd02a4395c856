import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'
import { Renderer } from './drawing/renderer.ts'

export const charts = defineServer({
  id: 'charts',
  title: 'Charts',
  settings: z.strictObject({}),
})

/** Where the view of a drawing is read. */
export const VIEW_URI = 'ui://charts/view'

/** One for the process: charts are drawn one after the other beside the hot path, never on it. */
export const renderer = new Renderer()
