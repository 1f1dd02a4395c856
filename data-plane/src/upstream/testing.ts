import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface TestServer extends AsyncDisposable {
  readonly url: string
}

/**
 * A real HTTP server that answers as a test says. It keeps connections open for longer than any client of ours does,
 * so that it never closes one under a request on a slow machine.
 */
export async function serverOf(handle: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<TestServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      await handle(request, response)
    } catch (error) {
      // The client went away before it sent its whole request: the test expects no answer.
      if (!request.destroyed || request.complete) throw error
    }
  }
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sends the same bytes to every client, HTTP or not. */
export async function rawServer(bytes: string): Promise<TestServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
