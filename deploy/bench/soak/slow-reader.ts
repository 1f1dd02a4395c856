import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import type { McpCall } from '../measure/call.ts'
import { httpRequestText } from '../measure/call.ts'

const pauseMs = 500

/**
 * Sends a request and takes the answer in small bites until `signal`, then hangs up. What it does not take has to wait
 * in the gateway. Resolves with the HTTP status; undefined when there was none.
 */
export async function readSlowly(url: URL, call: McpCall, signal: AbortSignal): Promise<number | undefined> {
  const socket = connect({ port: Number(url.port), host: LOOPBACK_HOST })
  // It may be closed by the gateway, long before anybody waits for that.
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  socket.pause()
  let status: number | undefined
  socket.write(httpRequestText(url, call))
  try {
    while (!signal.aborted && !socket.destroyed) {
      await wait(pauseMs, undefined, { signal })
      const bite = socket.read() as Buffer | null
      if (bite) status ??= Number(/^HTTP\/1\.1 (\d+)/.exec(bite.toString('latin1'))?.[1])
      if (!bite && socket.readableEnded) break
    }
  } catch {
    // The wait ends with `signal`.
  }
  socket.destroy()
  await closed
  return status
}
