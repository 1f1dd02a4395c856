import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import type { Config } from './config.ts'
import { StartFault } from './base/fault.ts'
import { holdFreePort } from './base/free-port.ts'

const host = '127.0.0.1'
const settings = { port: 'BIR_PORT', controlPort: 'BIR_CONTROL_PORT', portalPort: 'BIR_PORTAL_PORT', idpPort: 'BIR_IDP_PORT' } as const

export type Ports = Record<keyof typeof settings, number>

/** Tries every port before anything starts, and picks those left open: all are held until all are known. */
export async function choosePorts(config: Pick<Config, keyof Ports>): Promise<Ports> {
  const held: Server[] = []
  try {
    const chosen: Partial<Ports> = {}
    for (const name of Object.keys(settings) as (keyof Ports)[]) {
      const server = await hold(config[name], settings[name])
      held.push(server)
      chosen[name] = (server.address() as AddressInfo).port
    }
    return chosen as Ports
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

function hold(port: number, setting: string): Promise<Server> {
  if (port === 0) return holdFreePort(host)
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`
      reject(new StartFault(`Port ${port} ${why}: end that program, or set ${setting} to another port (0 picks a free one).`))
    })
    server.listen(port, host, () => resolve(server))
  })
}
