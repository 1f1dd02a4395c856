import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from '@bir/db'
import type { Db } from '@bir/db'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@bir/db/embedded'
import { freePort } from '../../local/base/free-port.ts'
import { GATEWAY_CLIENT_ID } from '../../local/idp/clients.ts'
import { ensurePasswords } from '../../local/idp/people.ts'
import { startIdp } from '../../local/idp/start-idp.ts'
import { roundRobin } from './round-robin.ts'

const main = fileURLToPath(import.meta.resolve('@bir/control-plane/main'))
const readyWithinMs = 120_000

/** Control planes on one database behind a round-robin, with the demo provider. */
export interface Replicas extends AsyncDisposable {
  /** The issuer: the address of the round-robin. */
  issuer: string
  db: Db
  passwords: Record<string, string>
  /** Ends one of them at once, without a word. */
  kill(index: number): Promise<void>
  /** Starts it again. */
  restart(index: number): Promise<void>
  /** The provider goes away, and comes back at the same address. */
  stopProvider(): Promise<void>
  startProvider(): Promise<void>
}

export async function startReplicas(count: number): Promise<Replicas> {
  const home = mkdtempSync(join(tmpdir(), 'bir-replicas-'))
  const ends: (() => PromiseLike<unknown>)[] = [async () => rmSync(home, { recursive: true, force: true })]
  const end = async () => {
    for (const each of ends.toReversed()) await each()
  }
  try {
    const postgres = await startEmbeddedPostgres({ home, onProgress: () => undefined })
    ends.push(async () => {
      await postgres.stop()
      removeEmbeddedPostgres(home)
    })
    await postgres.ensureDatabase('bir', 'bir')
    const url = postgres.url('bir', 'bir')
    const db = connect(url)
    ends.push(() => db.destroy())

    const balancer = await roundRobin()
    ends.push(() => balancer[Symbol.asyncDispose]())
    const secret = randomBytes(24).toString('base64url')
    const passwords = (await ensurePasswords(join(home, 'idp'))) ?? {}
    const known = { gatewayUrl: balancer.base, gatewaySecret: secret }
    const provide = (port: number) => startIdp({ stage: 'local', host: '127.0.0.1', port, homeDir: join(home, 'idp'), ...known })
    let idp = await provide(0)
    ends.push(() => idp.close())
    const startProvider = async () => {
      idp = await provide(Number(new URL(idp.issuer).port))
    }

    const env = {
      PATH: process.env['PATH'],
      STAGE: 'local',
      PUBLIC_URL: balancer.base,
      MCP_URL: 'http://127.0.0.1:1',
      DATABASE_URL: url,
      HOME_DIR: home,
      TRUSTED_PROXIES: 'loopback',
      MASTER_KEY: randomBytes(32).toString('base64'),
      IDP_ISSUER: idp.issuer,
      IDP_CLIENT_ID: GATEWAY_CLIENT_ID,
      IDP_CLIENT_SECRET: secret,
    }
    const children: ChildProcess[] = []
    ends.push(() => Promise.all(children.map((child) => stop(child, 'SIGTERM'))))
    const start = async (index: number) => {
      const port = balancer.replicas[index] ?? (await freePort('127.0.0.1'))
      children[index] = spawn(process.execPath, [main], { env: { ...env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'inherit'] })
      await ready(port, children[index])
      balancer.replicas[index] = port
    }
    for (let index = 0; index < count; index += 1) await start(index)
    const kill = async (index: number) => {
      const child = children[index]
      if (child) await stop(child, 'SIGKILL')
    }
    const provider = { stopProvider: () => idp.close(), startProvider }
    return { issuer: balancer.base, db, passwords, kill, restart: start, ...provider, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  for (const endMs = performance.now() + readyWithinMs; performance.now() < endMs; await delay(50)) {
    if (child.exitCode !== null) break
    if ((await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.status === 200) return
  }
  throw new Error('a control plane does not start')
}
