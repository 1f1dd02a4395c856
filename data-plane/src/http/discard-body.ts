import type { IncomingMessage } from 'node:http'

const maxMs = 10_000
const maxBytes = 4 * 1024 * 1024

/**
 * Lets the rest of a body that nobody reads go by, so that the connection can carry the next request. Nothing of it is
 * kept. A body that goes on for too long ends the connection. To be called before the answer: once that is sent, Node
 * drops the rest uncounted.
 */
export function discardBody(request: IncomingMessage): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (request.complete || request.destroyed || (length === undefined && encoding === undefined)) return
  let bytes = 0
  const late = setTimeout(() => request.socket.destroy(), maxMs).unref()
  request.once('close', () => clearTimeout(late))
  request.on('error', () => undefined) // the client left: there is nobody to tell
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) request.socket.destroy()
  })
}
