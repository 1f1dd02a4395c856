import { z } from 'zod'
import type { ContentBlock } from '../../protocol/tool-answer.ts'
import type { Picture as RenderedPicture } from './drawing/job.ts'
import type { Format } from './data/limits.ts'
import { VIEW_URI } from './server.ts'

/** The structured content of an answer. The drawing itself is a content block, so it is not repeated here. */
export const Picture = z.object({
  width: z.number(),
  height: z.number(),
})

interface Result extends z.input<typeof Picture> {
  caption: string
  notes: string[]
  format: Format
  content: string
}

export function toResult({ format, width, height, content, warnings }: RenderedPicture, caption: string, notes: string[] = []): Result {
  return { format, width, height, notes: [...notes, ...warnings], caption, content }
}

/** The parts of a tool that answers with a drawing: a sentence, then the image, or the text of an svg or spec. */
export const pictureAnswer = {
  view: VIEW_URI,
  text({ caption, format, width, height, notes }: Result): string {
    const size = format === 'spec' ? 'its Vega-Lite spec' : `${width} × ${height} px`
    return [`${caption}, ${size}.`, ...notes].join('\n')
  },
  blocks({ format, content }: Result): ContentBlock[] {
    return format === 'png' ? [{ type: 'image', data: content, mimeType: 'image/png' }] : [{ type: 'text', text: content }]
  },
}
