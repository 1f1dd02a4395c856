import { z } from 'zod'
import type { ContentBlock } from '../../protocol/tool-answer.ts'
import type { Picture as Drawn } from './drawing/job.ts'
import type { Format } from './data/limits.ts'
import { VIEW_URI } from './server.ts'

/** What is said of a drawing. The drawing itself comes as a block of its own: twice would be once too often. */
export const Picture = z.object({
  width: z.number(),
  height: z.number(),
})

interface Result extends z.input<typeof Picture> {
  what: string
  notes: string[]
  format: Format
  content: string
}

export function described({ format, width, height, content, warnings }: Drawn, what: string, notes: string[] = []): Result {
  return { format, width, height, notes: [...notes, ...warnings], what, content }
}

/** How a drawing is answered: a sentence, then the image, or its text. */
export const picture = {
  view: VIEW_URI,
  text({ what, format, width, height, notes }: Result): string {
    const size = format === 'spec' ? 'its Vega-Lite spec' : `${width} × ${height} px`
    return [`${what}, ${size}.`, ...notes].join('\n')
  },
  blocks({ format, content }: Result): ContentBlock[] {
    return format === 'png' ? [{ type: 'image', data: content, mimeType: 'image/png' }] : [{ type: 'text', text: content }]
  },
}
