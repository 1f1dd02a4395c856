import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { percentile } from '../measure/figures.ts'

export type ListenersOrder = { open: number; port: number; request: string } | { until: string }

export interface Opened {
  seconds: number
  p99Ms: number
}

/** The result of an order to wait until every stream has got a notification. */
export interface Notified {
  /** The number of streams that got it. */
  streams: number
  /** The time between the first stream and the last. */
  spreadMs: number
}

const acknowledged = 'notifications/subscriptions/acknowledged'
const maxOpening = 50
const maxWaitMs = 120_000

interface Stream {
  socket: Socket
  /** The text since the last match. */
  received: string
  onData: () => void
}

const streams: Stream[] = []

/** Opens so many streams. A stream counts once it is acknowledged. */
async function open(count: number, port: number, request: string): Promise<Opened> {
  const durationsMs: number[] = []
  const startedMs = performance.now()
  let next = 0
  const openInTurn = async () => {
    while (next++ < count) {
      const sentMs = performance.now()
      await openStream(port, request)
      durationsMs.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: maxOpening }, openInTurn))
  const seconds = (performance.now() - startedMs) / 1000
  return {
    seconds,
    p99Ms: percentile(
      durationsMs.toSorted((a, b) => a - b),
      0.99,
    ),
  }
}

async function openStream(port: number, request: string): Promise<void> {
  const stream: Stream = { socket: connect({ port, host: LOOPBACK_HOST }), received: '', onData: () => undefined }
  const { promise: lost, reject } = Promise.withResolvers<never>()
  stream.socket.on('data', (part: Buffer) => {
    stream.received += part.toString('latin1')
    stream.onData()
  })
  stream.socket.on('error', reject).on('close', () => reject(new Error(`a stream ended after: ${stream.received.slice(0, 300)}`)))
  lost.catch((error: unknown) => process.send?.({ failed: String(error) }))
  stream.socket.write(request)
  await Promise.race([waitForText(stream, acknowledged), lost])
  streams.push(stream)
}

/** Resolves with the moment at which the stream has received the text, and forgets everything up to it. */
function waitForText(stream: Stream, text: string): Promise<number> {
  return new Promise((resolve) => {
    stream.onData = () => {
      if (!stream.received.includes(text)) return
      stream.received = ''
      stream.onData = () => undefined
      resolve(performance.now())
    }
  })
}

async function waitForAll(text: string): Promise<Notified> {
  let count = 0
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${count} of ${streams.length} streams were told: ${text}`)), maxWaitMs)
  const allNotified = Promise.all(streams.map((stream) => waitForText(stream, text).finally(() => count++)))
  const atMs = await Promise.race([allNotified, late.promise])
  clearTimeout(timer)
  const sorted = atMs.toSorted((a, b) => a - b)
  return { streams: count, spreadMs: (sorted.at(-1) ?? 0) - (sorted[0] ?? 0) }
}

process.on('message', (order: ListenersOrder) => {
  const work = 'open' in order ? open(order.open, order.port, order.request) : waitForAll(order.until)
  work.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
