import { freePort } from '../base/free-port.ts'
import type { Config } from './config.ts'
import { ensureKeys } from './keys.ts'
import { readPeople } from './people.ts'
import { createProvider } from './provider.ts'
import { createIdpServer } from './server.ts'

/** Listens, on loopback alone; the people must have passwords already (people.ts). */
export async function startIdp({ host, port, homeDir }: Config): Promise<{ issuer: string; close(): Promise<void> }> {
  const keys = await ensureKeys(homeDir)
  const people = readPeople(homeDir)
  const named = host === '::1' ? '[::1]' : host
  // The issuer's name holds the port, so the port comes first.
  const issuer = `http://${named}:${port || (await freePort(host))}`
  const server = createIdpServer(createProvider(issuer, keys, people.find), people)
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
