import { inflateSync } from 'node:zlib'
import type { ToolAnswer } from '../../protocol/tool-answer.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { MountedTool } from '../../server-kit/define.ts'

const caller = { id: 'alice', handle: 'alice', groups: [] }

/** Calls a charts tool as the pipeline does. Of the context, these tools use only the caller and the signal. */
export async function callTool(tool: MountedTool, args: unknown, signal: AbortSignal = new AbortController().signal): Promise<ToolAnswer> {
  return tool.call(args, { settings: {}, secret: undefined, caller, signal } as Partial<CallContext> as CallContext)
}

export interface Pixels {
  width: number
  height: number
  /** The number of pixels in a rectangle that are not background. */
  countInk(left?: number, top?: number, right?: number, bottom?: number): number
}

/** The image of an answer, decoded here without the libraries that drew it. */
export function pixelsOf(answer: ToolAnswer): Pixels {
  const image = answer.content.find((block) => block.type === 'image')
  if (image?.mimeType !== 'image/png') throw new Error('the answer holds no PNG')
  const png = Buffer.from(image.data, 'base64')
  if (png.toString('latin1', 1, 4) !== 'PNG' || png[24] !== 8 || png[25] !== 6) throw new Error('not an 8 bit RGBA PNG')

  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const lines = undoFilters(inflateSync(Buffer.concat(dataChunks(png))), width * 4, height)
  const isInk = (x: number, y: number) => lines[y * width * 4 + x * 4] !== 255 || lines[y * width * 4 + x * 4 + 1] !== 255
  return {
    width,
    height,
    countInk(left = 0, top = 0, right = width, bottom = height) {
      let count = 0
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) if (isInk(x, y)) count++
      return count
    },
  }
}

function dataChunks(png: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const bytes = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') chunks.push(png.subarray(at + 8, at + 8 + bytes))
    at += 12 + bytes
  }
  return chunks
}

/** Undoes the filters of PNG, line by line (ISO 15948, 9.2). */
function undoFilters(raw: Buffer, stride: number, height: number): Uint8Array {
  const out = new Uint8Array(stride * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0
    for (let i = 0; i < stride; i++) {
      const left = i >= 4 ? (out[y * stride + i - 4] ?? 0) : 0
      const up = y > 0 ? (out[(y - 1) * stride + i] ?? 0) : 0
      const corner = y > 0 && i >= 4 ? (out[(y - 1) * stride + i - 4] ?? 0) : 0
      out[y * stride + i] = (raw[y * (stride + 1) + 1 + i] ?? 0) + predict(filter, left, up, corner)
    }
  }
  return out
}

function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter < 2) return filter === 1 ? left : 0
  if (filter < 4) return filter === 2 ? up : (left + up) >> 1
  const guess = left + up - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}
