import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { aToken } from '../testing.ts'
import { openSource } from './source.ts'

test('an import leads to no other part of the API of Vault than the paths of its engines', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const access = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: undefined,
    mount: 'secret',
    caFile: undefined,
    auth: { method: 'token' as const, token: { text: aToken() } },
  }
  const keysOf = async (from: string) => {
    const source = openSource(from, { consul: undefined, vault: () => access, log: () => undefined })
    try {
      return await source.keys()
    } finally {
      source.close()
    }
  }
  for (const from of ['vault:../../../leases', 'vault:secret/../../../../sys/leases', 'vault:secret/./x', 'vault:secret/..'])
    await expect(keysOf(from)).rejects.toMatchObject({ code: 'invalid_input' })
  expect(asked).toEqual([])
  await expect(keysOf('vault:secret/..mcp')).rejects.toMatchObject({ code: 'unavailable' })
  expect(asked).toContain('/v1/sys/internal/ui/mounts/secret/..mcp')
  server.closeAllConnections()
  await new Promise<void>((resolve) => void server.close(() => resolve()))
})
