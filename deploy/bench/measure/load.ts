import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { percentile } from './figures.ts'

export interface LoadOrder {
  port: number
  /** Head and body, as they go over the wire. */
  request: string
  /** What every good answer holds. */
  expects: string
  connections: number
  durationMs: number
}

export interface LoadResult {
  calls: number
  wrong: number
  seconds: number
  p50Us: number
  p99Us: number
}

/** Keeps each connection busy with one request after the other: raw sockets, since a client library would cost more than the server. */
async function drive({ port, request, expects, connections, durationMs }: LoadOrder): Promise<LoadResult> {
  const bytes = Buffer.from(request)
  const took: number[] = []
  let wrong = 0
  const startedMs = performance.now()
  const endMs = startedMs + durationMs

  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const answers = answersOf(socket)
      while (performance.now() < endMs) {
        const sentMs = performance.now()
        socket.write(bytes)
        const answer = await answers()
        took.push((performance.now() - sentMs) * 1000)
        if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(expects)) wrong++
      }
      socket.destroy()
    }),
  )
  const seconds = (performance.now() - startedMs) / 1000
  const sorted = Float64Array.from(took).sort()
  return { calls: took.length, wrong, seconds, p50Us: percentile([...sorted], 0.5), p99Us: percentile([...sorted], 0.99) }
}

/** Waits for one whole answer; both servers say its length or send it in chunks. */
function answersOf(socket: Socket): () => Promise<string> {
  let held = ''
  let waiting: PromiseWithResolvers<string> | undefined
  socket.on('data', (part: Buffer) => {
    held += part.toString('latin1')
    if (!isWhole(held)) return
    waiting?.resolve(held)
    held = ''
  })
  const lost = () => waiting?.reject(new Error(`the server closed the connection${held ? ` after: ${held.slice(0, 300)}` : ''}`))
  socket.on('error', lost).on('close', lost)
  return () => {
    waiting = Promise.withResolvers()
    return waiting.promise
  }
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, headEnd))
  return length ? answer.length >= headEnd + 4 + Number(length[1]) : answer.endsWith('\r\n0\r\n\r\n')
}

process.on('message', (order: LoadOrder) => {
  drive(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
