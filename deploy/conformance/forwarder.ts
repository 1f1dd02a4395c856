import { createServer, request as send } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

export interface ForwarderOptions {
  /** The URL that every request is sent to. */
  target: URL
  /** Added to every request. The suite has no token of its own. */
  headers: Record<string, string>
  /** The origin that the target accepts as its own. Absent: the origin of `target`. */
  origin?: string
}

export interface Forwarder extends AsyncDisposable {
  url: string
}

/**
 * Starts a proxy that adds headers and streams both ways without changes. `Host` and `Origin` of the forwarder itself
 * become those of the target. Any other `Host` or `Origin` is passed on as it is, so that the target can refuse it.
 */
export async function startForwarder({ target, headers, origin = target.origin }: ForwarderOptions): Promise<Forwarder> {
  let ownHost = ''
  const toTargetHeaders = (incomingHeaders: IncomingHttpHeaders): IncomingHttpHeaders => ({
    ...incomingHeaders,
    ...(incomingHeaders.host === ownHost && { host: target.host }),
    ...(incomingHeaders.origin === `http://${ownHost}` && { origin }),
    ...headers,
  })

  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, target, toTargetHeaders(incoming.headers)))
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  ownHost = `${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${ownHost}${target.pathname}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: URL, headers: IncomingHttpHeaders): void {
  const onward = send({
    host: target.hostname,
    port: target.port,
    path: incoming.url,
    method: incoming.method,
    headers,
  })
  onward.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    outgoing.flushHeaders()
    answer.pipe(outgoing)
    // When the answer breaks off, the client must notice it.
    answer.once('error', () => outgoing.destroy())
  })
  onward.once('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()))
  outgoing.once('close', () => onward.destroy())
  incoming.pipe(onward)
}
