import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

/**
 * These ports lie below the ones that Linux and macOS assign to programs
 * that ask for any port. So no program gets one by chance before it is used.
 */
const minPort = 20_000
const maxPort = 30_000

/** Listens on a free port. The port is taken until the server is closed. */
export async function holdFreePort(host: string): Promise<Server> {
  for (;;) {
    const port = minPort + Math.floor(Math.random() * (maxPort - minPort))
    const server = createServer()
    try {
      await once(server.listen(port, host), 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

/** A free port, for a program that needs a port number. */
export async function freePort(host: string = LOOPBACK_HOST): Promise<number> {
  const server = await holdFreePort(host)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
