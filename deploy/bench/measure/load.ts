import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { percentile } from './figures.ts'

export interface LoadOrder {
  port: number
  /** The whole HTTP request: head and body. */
  request: string
  /** A text that every correct answer contains. */
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

/**
 * Sends one request after the other on each connection. It uses raw
 * sockets, because a client library would cost more than the server.
 */
async function drive({ port, request, expects, connections, durationMs }: LoadOrder): Promise<LoadResult> {
  const bytes = Buffer.from(request)
  const durationsUs: number[] = []
  let wrong = 0
  const startedMs = performance.now()
  const endMs = startedMs + durationMs

  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: LOOPBACK_HOST, noDelay: true })
      const answers = answersOf(socket)
      while (performance.now() < endMs) {
        const sentMs = performance.now()
        socket.write(bytes)
        const answer = await answers()
        durationsUs.push((performance.now() - sentMs) * 1000)
        if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(expects)) wrong++
      }
      socket.destroy()
    }),
  )
  const seconds = (performance.now() - startedMs) / 1000
  const sorted = Float64Array.from(durationsUs).sort()
  return { calls: durationsUs.length, wrong, seconds, p50Us: percentile([...sorted], 0.5), p99Us: percentile([...sorted], 0.99) }
}

/** Returns a function that waits for one whole answer. The servers send its length, or chunks. */
function answersOf(socket: Socket): () => Promise<string> {
  let received = ''
  let waiting: PromiseWithResolvers<string> | undefined
  socket.on('data', (part: Buffer) => {
    received += part.toString('latin1')
    if (!isWhole(received)) return
    waiting?.resolve(received)
    received = ''
  })
  const onClose = () => waiting?.reject(new Error(`the server closed the connection${received ? ` after: ${received.slice(0, 300)}` : ''}`))
  socket.on('error', onClose).on('close', onClose)
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
