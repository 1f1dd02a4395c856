import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import type { Config } from './config.ts'
import { StartFault } from './base/fault.ts'
import { holdFreePort } from './base/free-port.ts'
import { writeAtomically } from './base/home.ts'

const settings = { port: 'BIR_PORT', controlPort: 'BIR_CONTROL_PORT', portalPort: 'BIR_PORTAL_PORT', idpPort: 'BIR_IDP_PORT' } as const

export type Ports = Record<keyof typeof settings, number> & {
  /** Of the demo server of notes. The policy has its address, so it stays the same while no other program takes it. */
  notesPort: number
}

/**
 * Checks every port before any part starts, and picks the free ones.
 * All are held until the last is chosen, so that none is picked twice.
 */
export async function choosePorts(config: Pick<Config, keyof typeof settings>, notesPortFile: string): Promise<Ports> {
  const servers: Server[] = []
  try {
    const ports: Partial<Ports> = {}
    for (const name of Object.keys(settings) as (keyof typeof settings)[]) {
      const server = await hold(config[name], settings[name])
      servers.push(server)
      ports[name] = (server.address() as AddressInfo).port
    }
    const notes = await holdRemembered(notesPortFile)
    servers.push(notes)
    return { ...(ports as Ports), notesPort: (notes.address() as AddressInfo).port }
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** Listens on the port that the file names, or on a free one, which the file then names. */
async function holdRemembered(file: string): Promise<Server> {
  const remembered = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  if (remembered > 0 && remembered <= 65_535) {
    const server = createServer()
    const held = await once(server.listen(remembered, LOOPBACK_HOST), 'listening').then(
      () => true,
      () => false,
    )
    if (held) return server
  }
  const server = await holdFreePort(LOOPBACK_HOST)
  writeAtomically(file, String((server.address() as AddressInfo).port))
  return server
}

function hold(port: number, setting: string): Promise<Server> {
  if (port === 0) return holdFreePort(LOOPBACK_HOST)
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`
      reject(new StartFault(`Port ${port} ${why}: end that program, or set ${setting} to another port (0 picks a free one).`))
    })
    server.listen(port, LOOPBACK_HOST, () => resolve(server))
  })
}
