import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '@bir/data-plane/testing/waiting'
import { freePort } from '../local/base/free-port.ts'

const main = fileURLToPath(new URL('../../data-plane/src/main.ts', import.meta.url))
const readyWithinMs = 100_000

/** What of a running gateway another plane has to know. */
interface Running {
  endpoints: { mcp: string }
  home: string
}

export interface SecondPlane extends AsyncDisposable {
  /** Its base, as `endpoints.mcp` is the first plane's. */
  mcp: string
  kill(): Promise<void>
  /** Asks it to stop. Resolves with its exit code. */
  stop(): Promise<number | null>
}

interface Options {
  /** A home that outlives the plane. */
  home?: string
  name?: string
  /** A free one, if absent. */
  port?: number
  stopDelayMs?: number
  /** Its own folder of the gateway's secrets; that of the running gateway, if absent. */
  secretsDir?: string
  /** The HTTP status of its health to wait for. */
  health?: number
}

/** Another data plane of a running gateway, under the same public URL, as behind a load balancer. */
export async function secondPlane(gateway: Running, given: Options = {}): Promise<SecondPlane> {
  const { name = 'second', health = 200, stopDelayMs = 0 } = given
  const home = given.home ?? mkdtempSync(join(tmpdir(), 'bir-second-'))
  const port = given.port ?? (await freePort())
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      STAGE: 'local',
      PORT: String(port),
      PUBLIC_URL: new URL(gateway.endpoints.mcp).origin,
      HOME_DIR: home,
      BIR_JOIN_FILE: join(gateway.home, 'join'),
      SECRETS_DIR: given.secretsDir ?? join(gateway.home, 'secrets'),
      INTERNAL_PORT: '0',
      PLANE_NAME: name,
      STOP_DELAY_MS: String(stopDelayMs),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const base = `http://127.0.0.1:${port}`
  await until(
    async () => (await fetch(`${base}/health`).catch(() => undefined))?.status === health,
    `the plane ${name} to answer ${health} to /health`,
    readyWithinMs,
  )
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await gone
  }
  return {
    mcp: `${base}/mcp`,
    kill: () => stop('SIGKILL'),
    async stop() {
      await stop('SIGTERM')
      return child.exitCode
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop('SIGTERM')
      if (given.home === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
