import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeEmbeddedPostgres } from '@bir/db/embedded'
import { createClient } from '@bir/sdk'
import type { Client } from '@bir/sdk'
import { createOperator, OperatorKey, readOsUser } from '@bir/sdk/operator'
import { z } from 'zod'
import { descendant } from './machine.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const maxStartMs = 120_000
const maxStopMs = 20_000
const maxOutput = 20_000

const Endpoints = z.looseObject({ mcp: z.url(), control: z.url(), issuer: z.url(), pid: z.int() })
const TokenAnswer = z.looseObject({ access_token: z.string() })

/** The gateway as `npm start` starts it, with a home that is removed afterwards. */
export interface Gateway extends AsyncDisposable {
  /** The address of `/mcp`. */
  mcp: URL
  planePid: number
  /** The pid of the launcher. */
  pid: number
  home: string
  /** What the launcher has printed so far; the end of it, if it is long. */
  output(): string
  /** A client that acts as the operator. */
  client: Client
  /** A token that acts for a person. It is good for ten minutes unless `ttlS` says otherwise. */
  tokenFor(person: string, ttlS?: number): Promise<string>
}

export async function startGateway(): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  const ports = Object.fromEntries(['PORT', 'CONTROL_PORT', 'PORTAL_PORT', 'IDP_PORT'].map((name) => [`BIR_${name}`, '0']))
  const child = spawn(process.execPath, [join(root, 'deploy/local/start.ts')], {
    cwd: root,
    env: { ...process.env, ...ports, BIR_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-maxOutput)))
  const stop = async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), maxStopMs)
    await ended
    clearTimeout(late)
    removeEmbeddedPostgres(home)
    rmSync(home, { recursive: true, force: true })
  }

  try {
    const { mcp, control, issuer, pid } = await waitForEndpoints(join(home, 'endpoints.json'), () => child.exitCode === null)
    const key = OperatorKey.parse(JSON.parse(readFileSync(join(home, 'operator.key'), 'utf8')))
    const operator = await createOperator(key, { issuer, osUser: readOsUser() })
    return {
      mcp: new URL(mcp),
      pid,
      planePid: descendant(pid, 'data-plane/src/main.ts'),
      client: createClient({ url: control, token: () => operator.signAssertion() }),
      tokenFor: async (person, ttlS) => tokenOf(issuer, mcp, await operator.signAssertion(person), ttlS),
      home,
      output: () => output,
      [Symbol.asyncDispose]: stop,
    }
  } catch (cause) {
    await stop()
    throw new Error(`the gateway did not start:\n${output.trim()}`, { cause })
  }
}

async function waitForEndpoints(file: string, starting: () => boolean) {
  for (const endMs = Date.now() + maxStartMs; Date.now() < endMs && starting(); await wait(100)) {
    if (existsSync(file)) return Endpoints.parse(JSON.parse(readFileSync(file, 'utf8')))
  }
  throw new Error(`no endpoints within ${maxStartMs / 1000} s`)
}

async function tokenOf(issuer: string, mcp: string, assertion: string, ttlS: number | undefined): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion,
    resource: mcp,
    ...(ttlS !== undefined && { requested_token_lifetime: String(ttlS) }),
  })
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', body })
  return TokenAnswer.parse(await response.json()).access_token
}
