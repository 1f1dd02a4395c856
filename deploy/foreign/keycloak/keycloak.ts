import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { freePort } from '../../local/base/free-port.ts'

export const VERSION = '26.7.3'

/** Where the unpacked distribution lies. FOREIGN_CACHE names the folder around it; else it is the temporary folder. */
const home = join(process.env['FOREIGN_CACHE'] ?? join(tmpdir(), 'bir-foreign'), `keycloak-${VERSION}`)
/** Its first start builds for minutes. */
const readyWithinMs = 600_000

/** What keeps Keycloak from being started on this machine, and what to do about it. */
export function missingParts(): string | undefined {
  if (!existsSync(join(home, 'bin/kc.sh')))
    return `unpack org.keycloak:keycloak-quarkus-dist:${VERSION}:zip of Maven Central, so that ${home}/bin/kc.sh is there`
  if (spawnSync('java', ['-version']).status !== 0) return 'install Java 17 or later'
  return undefined
}

export interface Keycloak extends AsyncDisposable {
  base: string
  /** Calls the admin REST API (`/admin/…`), and gives what it answered. Throws at a refusal. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>
  /** It takes connections and answers nothing until it goes on. */
  pause(): void
  goOn(): void
  stop(): Promise<void>
}

/** Starts Keycloak on loopback with an empty database in memory. */
export async function startKeycloak(): Promise<Keycloak> {
  const port = await freePort('127.0.0.1')
  const base = `http://127.0.0.1:${port}`
  const password = randomBytes(12).toString('base64url')
  const child = spawn(join(home, 'bin/kc.sh'), ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--db=dev-mem'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: the script starts Java as a child.
    detached: true,
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
      KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx640m',
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, name)
  }
  const killed = () => signal('SIGKILL')
  process.once('exit', killed)

  const deadlineMs = Date.now() + readyWithinMs
  while (!(await answers(`${base}/realms/master`))) {
    if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error(`Keycloak does not start:\n${output}`)
    await delay(500)
  }
  const stop = async () => {
    signal('SIGKILL')
    await ended
    process.removeListener('exit', killed)
  }
  return {
    base,
    admin: (method, path, body) => admin(base, password, method, path, body),
    pause: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

const Token = z.looseObject({ access_token: z.string() })

async function admin(base: string, password: string, method: string, path: string, body: unknown): Promise<unknown> {
  const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password })
  const signIn = await fetch(`${base}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form })
  const { access_token: token } = Token.parse(await signIn.json())
  const answer = await fetch(`${base}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}
