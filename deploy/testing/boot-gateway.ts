import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeEmbeddedPostgres } from '@bir/db/embedded'
import { z } from 'zod'
import { ensureOperatorKey, placesOf } from '../local/base/home.ts'
import { operatorAssertion } from '../local/base/operator.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const readyWithinMs = 240_000

const Endpoints = z.object({
  mcp: z.url(),
  control: z.url(),
  graphql: z.url(),
  issuer: z.url(),
  portal: z.url(),
  idp: z.url(),
  pid: z.int(),
})
type Endpoints = z.infer<typeof Endpoints>
const Issued = z.object({ access_token: z.string() })

/** The composed product, as a person gets it from `npm start`, in a home of its own. */
export interface Gateway extends AsyncDisposable {
  endpoints: Endpoints
  home: string
  /** The process that was spawned: npm where `npm start` was asked for, else the supervisor. */
  process: ChildProcess
  /** What it printed so far. */
  output(): string
  /** An access token that acts for a person, for `/mcp` or the resource named. */
  token(handle: string, resource?: string): Promise<string>
  /** What the control plane's API takes from the operator, good for a minute. */
  operatorToken(): Promise<string>
  /** The password of a demo person, as the first start has printed it. */
  password(handle: string): string
  /** Ends it and forgets its home, unless that was brought along. */
  stop(): Promise<void>
}

export interface BootOptions {
  /** Kept at the end; without one, a fresh home that is deleted at the end. */
  home?: string
  /** Through `npm start`, as a newcomer would; otherwise the supervisor alone, which is quicker. */
  npm?: boolean
  env?: Record<string, string>
}

/** Starts everything on free ports and resolves when `endpoints.json` says that every part answers. */
export async function bootGateway(options: BootOptions = {}): Promise<Gateway> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'bir-e2e-'))
  const child = startProduct({ ...options, home })
  const endpoints = await ready(home, child)
  const key = await ensureOperatorKey(placesOf(home))

  const stop = async () => {
    child.process.kill('SIGTERM')
    await child.ended
    if (options.home === undefined) forgetHome(home)
  }
  return {
    endpoints,
    home,
    process: child.process,
    output: child.output,
    token: async (handle, resource = endpoints.mcp) =>
      requestToken(endpoints.issuer, await operatorAssertion(key, endpoints.issuer, handle), resource),
    operatorToken: () => operatorAssertion(key, endpoints.issuer),
    password: (handle) => passwordIn(child.output(), handle),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** The start alone, ready or not: for what goes wrong. */
export function startProduct({ home, npm = false, env = {} }: BootOptions & { home: string }) {
  const free = { BIR_PORT: '0', BIR_CONTROL_PORT: '0', BIR_PORTAL_PORT: '0', BIR_IDP_PORT: '0' }
  const [file, args] = npm ? ['npm', ['start']] : [process.execPath, [join(repository, 'deploy/local/start.ts')]]
  const spawned = spawn(file, args, {
    cwd: repository,
    env: { ...process.env, ...free, BIR_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [spawned.stdout, spawned.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => {
    spawned.once('error', () => resolve(-1))
    // Not `close`: after a kill -9 an orphan may still hold the pipes.
    spawned.once('exit', (code) => resolve(code))
  })
  return { process: spawned as ChildProcess, output: () => output, ended }
}

/** Deletes a home and the cluster that belongs to it, wherever that lies. */
export function forgetHome(home: string): void {
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
}

async function ready(home: string, child: ReturnType<typeof startProduct>): Promise<Endpoints> {
  const file = join(home, 'endpoints.json')
  const deadlineMs = Date.now() + readyWithinMs
  const gone = () => child.process.exitCode !== null || child.process.signalCode !== null
  while (!gone() && Date.now() < deadlineMs) {
    const endpoints = existsSync(file) ? Endpoints.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
    if (endpoints && alive(endpoints.pid)) return endpoints
    await delay(50)
  }
  child.process.kill('SIGTERM')
  throw new Error(`The gateway did not get ready:\n${child.output()}`)
}

function passwordIn(output: string, handle: string): string {
  const password = new RegExp(`\\b${handle} +(\\w{4}(?:-\\w{4}){3}) `).exec(output)?.[1]
  if (!password) throw new Error(`This start has printed no password of ${handle}.`)
  return password
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function requestToken(issuer: string, assertion: string, resource: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, resource })
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', body })
  const text = await response.text()
  if (!response.ok) throw new Error(`No token: ${response.status} ${text}`)
  return Issued.parse(JSON.parse(text)).access_token
}
