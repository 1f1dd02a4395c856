import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node'

type Fetch = (request: Request) => Promise<Response>

export interface Upstream extends AsyncDisposable {
  url: string
}

/** Serves a fixture on this machine, with the SDK's protection against DNS rebinding. */
export async function serve(fetch: Fetch, close: () => Promise<void>): Promise<Upstream> {
  const handle = toNodeHandler({ fetch })
  const guards = [localhostHostValidation(), localhostOriginValidation()]
  const server = createServer((request, response) => {
    // Node's own type does not fit the adapter's under exactOptionalPropertyTypes.
    if (guards.every((allows) => allows(request, response)))
      handle(request as NodeIncomingMessageLike, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      await close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
