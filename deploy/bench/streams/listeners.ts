import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { percentile } from '../measure/figures.ts'

export type ListenersOrder = { open: number; port: number; request: string } | { until: string }

export interface Opened {
  seconds: number
  p99Ms: number
}

/** Answers come in the order of the orders. */
export interface Heard {
  streams: number
  /** From the first stream that was told to the last. */
  spreadMs: number
}

const acknowledged = 'notifications/subscriptions/acknowledged'
const atOnce = 50
const giveUpMs = 120_000

interface Stream {
  socket: Socket
  seen: string
  changed: () => void
}

const streams: Stream[] = []

/** Opens streams until there are so many, each acknowledged before it counts. */
async function open(count: number, port: number, request: string): Promise<Opened> {
  const took: number[] = []
  const startedMs = performance.now()
  let next = 0
  const one = async () => {
    while (next++ < count) {
      const sentMs = performance.now()
      await opened(port, request)
      took.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const seconds = (performance.now() - startedMs) / 1000
  return {
    seconds,
    p99Ms: percentile(
      took.toSorted((a, b) => a - b),
      0.99,
    ),
  }
}

async function opened(port: number, request: string): Promise<void> {
  const stream: Stream = { socket: connect({ port, host: '127.0.0.1' }), seen: '', changed: () => undefined }
  const { promise: lost, reject } = Promise.withResolvers<never>()
  stream.socket.on('data', (part: Buffer) => {
    stream.seen += part.toString('latin1')
    stream.changed()
  })
  stream.socket.on('error', reject).on('close', () => reject(new Error(`a stream ended after: ${stream.seen.slice(0, 300)}`)))
  lost.catch((error: unknown) => process.send?.({ failed: String(error) }))
  stream.socket.write(request)
  await Promise.race([saw(stream, acknowledged), lost])
  streams.push(stream)
}

/** Resolves once the stream has said it, and forgets what it said until then. */
function saw(stream: Stream, what: string): Promise<number> {
  return new Promise((resolve) => {
    stream.changed = () => {
      if (!stream.seen.includes(what)) return
      stream.seen = ''
      stream.changed = () => undefined
      resolve(performance.now())
    }
  })
}

async function heard(what: string): Promise<Heard> {
  let told = 0
  const late = Promise.withResolvers<never>()
  const clock = setTimeout(() => late.reject(new Error(`${told} of ${streams.length} streams were told: ${what}`)), giveUpMs)
  const all = Promise.all(streams.map((stream) => saw(stream, what).finally(() => told++)))
  const atMs = await Promise.race([all, late.promise])
  clearTimeout(clock)
  const sorted = atMs.toSorted((a, b) => a - b)
  return { streams: told, spreadMs: (sorted.at(-1) ?? 0) - (sorted[0] ?? 0) }
}

process.on('message', (order: ListenersOrder) => {
  const work = 'open' in order ? open(order.open, order.port, order.request) : heard(order.until)
  work.then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
