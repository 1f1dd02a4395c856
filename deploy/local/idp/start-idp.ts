import { hostInUrl } from '@bir/sdk/contract/loopback'
import { freePort } from '../base/free-port.ts'
import { gatewayClient, publicClient } from './clients.ts'
import type { Config } from './config.ts'
import { ensureKeys } from './keys.ts'
import { readPeople } from './people.ts'
import { createProvider } from './provider.ts'
import { createIdpServer } from './server.ts'

/** Starts the demo provider, on loopback alone. `ensurePasswords` (people.ts) must have run before. */
export async function startIdp({
  host,
  port,
  homeDir,
  gatewayUrl,
  gatewaySecret,
}: Config): Promise<{ issuer: string; close(): Promise<void> }> {
  const keys = await ensureKeys(homeDir)
  const people = readPeople(homeDir)
  // The issuer's address has the port in it, so the port is chosen before the server listens.
  const issuer = `http://${hostInUrl(host)}:${port || (await freePort(host))}`
  const clients = [publicClient, ...(gatewayUrl && gatewaySecret ? [gatewayClient(gatewayUrl, gatewaySecret)] : [])]
  const server = createIdpServer(createProvider(issuer, { keys, clients, find: people.find }), people)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(Number(new URL(issuer).port), host, resolve)
  })
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
