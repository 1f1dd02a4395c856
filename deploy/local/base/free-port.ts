import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

/** Below what Linux and macOS hand out to whoever asks for any port: so nobody gets it by chance before it is listened on. */
const from = 20_000
const to = 30_000

/** Listens on a port that is free, and holds it until it is closed. */
export async function holdFreePort(host: string): Promise<Server> {
  for (;;) {
    const port = from + Math.floor(Math.random() * (to - from))
    const server = createServer()
    try {
      await once(server.listen(port, host), 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

/** A port for a program that has to be told one. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = await holdFreePort(host)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
