import { createServer, request as send } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ForwarderOptions {
  /** Where requests go, path and all. */
  target: URL
  /** Added to every request: the suite brings no token of its own. */
  headers: Record<string, string>
  /** What the target takes for its own pages' origin; its address where absent. */
  origin?: string
}

export interface Forwarder extends AsyncDisposable {
  url: string
}

/**
 * Adds headers and streams both ways untouched. What is addressed to the forwarder is addressed to the target, so Host and
 * Origin are told again as the target's own; any other Host or Origin goes through as it came, for the target to judge.
 */
export async function startForwarder({ target, headers, origin = target.origin }: ForwarderOptions): Promise<Forwarder> {
  let self = ''
  const retold = (given: IncomingHttpHeaders): IncomingHttpHeaders => ({
    ...given,
    ...(given.host === self && { host: target.host }),
    ...(given.origin === `http://${self}` && { origin }),
    ...headers,
  })

  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, target, retold(incoming.headers)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  self = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${self}${target.pathname}`,
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
    // An answer that breaks off must look so to the client, too.
    answer.once('error', () => outgoing.destroy())
  })
  onward.once('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()))
  outgoing.once('close', () => onward.destroy())
  incoming.pipe(onward)
}
