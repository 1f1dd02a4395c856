import type { IncomingMessage } from 'node:http'

/** What HTTP tells about the sender of a request. */
export function senderOf({ socket, headers }: IncomingMessage) {
  return {
    ip: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: headers['user-agent'],
    traceId: traceIdOf(headers['traceparent']),
  }
}

/** W3C Trace Context: the trace id of a `traceparent` header, 32 hex digits. */
function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined
}
