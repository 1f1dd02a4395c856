import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeEmbeddedPostgres } from '@bir/db/embedded'
import { createClient } from '@bir/sdk'
import type { Client } from '@bir/sdk'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { importJWK, SignJWT } from 'jose'
import { z } from 'zod'
import { descendant } from './machine.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const startLimitMs = 120_000
const stopLimitMs = 20_000

const Endpoints = z.looseObject({ mcp: z.url(), control: z.url(), issuer: z.url(), pid: z.int() })
const Issued = z.looseObject({ access_token: z.string() })

/** The product as `npm start` starts it, with a home of its own that is gone afterwards. */
export interface Gateway extends AsyncDisposable {
  /** Base of `/mcp`. */
  mcp: URL
  planePid: number
  /** Of the process above all others. */
  pid: number
  /** As the operator. */
  client: Client
  tokenFor(person: string): Promise<string>
}

export async function startGateway(): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  const ports = Object.fromEntries(['PORT', 'CONTROL_PORT', 'PORTAL_PORT', 'IDP_PORT'].map((name) => [`BIR_${name}`, '0']))
  const child = spawn(process.execPath, [join(root, 'deploy/local/start.ts')], {
    cwd: root,
    env: { ...process.env, ...ports, BIR_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2_000)))
  const stop = async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
    await ended
    clearTimeout(late)
    removeEmbeddedPostgres(home)
    rmSync(home, { recursive: true, force: true })
  }

  try {
    const { mcp, control, issuer, pid } = await endpoints(join(home, 'endpoints.json'), () => child.exitCode === null)
    const assert = await operator(home, issuer)
    return {
      mcp: new URL(mcp),
      pid,
      planePid: descendant(pid, 'data-plane/src/main.ts'),
      client: createClient({ url: control, token: () => assert() }),
      tokenFor: async (person) => tokenOf(issuer, mcp, await assert(person)),
      [Symbol.asyncDispose]: stop,
    }
  } catch (cause) {
    await stop()
    throw new Error(`the gateway did not start:\n${said.trim()}`, { cause })
  }
}

async function endpoints(file: string, starting: () => boolean) {
  for (const endMs = Date.now() + startLimitMs; Date.now() < endMs && starting(); await wait(100)) {
    if (existsSync(file)) return Endpoints.parse(JSON.parse(readFileSync(file, 'utf8')))
  }
  throw new Error(`no endpoints within ${startLimitMs / 1000} s`)
}

/** Signs as the embedded gateway's operator, for the API or to act for a person. */
async function operator(home: string, issuer: string): Promise<(person?: string) => Promise<string>> {
  const key = await importJWK(JSON.parse(readFileSync(join(home, 'operator.key'), 'utf8')) as Record<string, string>, 'EdDSA')
  return (person) =>
    new SignJWT(person === undefined ? {} : { sub: person })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'bir-operator+jwt' })
      .setIssuer(`operator:${userInfo().username}`)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime('60s')
      .setJti(uuidv7())
      .sign(key)
}

async function tokenOf(issuer: string, mcp: string, assertion: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, resource: mcp })
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', body })
  return Issued.parse(await response.json()).access_token
}
