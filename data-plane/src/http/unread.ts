import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long a client may leave what waits for it untouched. A slow client takes a little now and then. */
const defaultMaxUnreadMs = 60_000

/** How much may wait for one client on a stream. The message that passes the limit may be longer. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024

/**
 * Closes connections of which nothing was taken for `maxUnreadMs` while something waited to be. A call that only takes
 * its time is not cut: there is nothing to take.
 */
export function closeUnread(server: Server, maxUnreadMs = defaultMaxUnreadMs): void {
  server.timeout = maxUnreadMs
  // Who listens to a response's time-out decides what becomes of its connection (node:http, `server.setTimeout`).
  const listen: RequestListener = (_request, response) => void response.on('timeout', closeIfUnread)
  server.prependListener('request', listen)
}

function closeIfUnread(this: ServerResponse, socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}
