import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'
import { Renderer } from './drawing/renderer.ts'

/** One for the process. Charts are drawn one after the other, outside of the plane's process. */
export const renderer = new Renderer()

export const charts = defineServer({
  id: 'charts',
  title: 'Charts',
  settings: z.strictObject({}),
  close: () => renderer.close(),
})

/** The URI of the view that displays a drawing. */
export const VIEW_URI = 'ui://charts/view'
