import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'
import type { Environment } from './base/environment.ts'

/** A folder for one test. It is removed afterwards. */
export async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bir-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Writes the files that `npm start` writes for the command:
 * addresses and operator key. Returns the public half of the key.
 */
export async function startedIn(birHome: string, url: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  await writeFile(join(birHome, 'operator.key'), JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o600 })
  const endpoints = { mcp: `${url}/mcp`, control: url, graphql: `${url}/graphql`, issuer: url, portal: url, idp: url, pid: process.pid }
  await writeFile(join(birHome, 'endpoints.json'), JSON.stringify(endpoints))
  return publicKey
}

export const NOW_MS = Date.UTC(2026, 10, 22, 9)

/** Runs one command line and collects its output. */
export async function bir(args: string[], environment: Partial<Environment> = {}) {
  let out = ''
  let err = ''
  const exit = await run(args, {
    env: {},
    cwd: tmpdir(),
    homeDir: tmpdir(),
    osUser: 'root',
    platform: 'linux',
    repositoryDir: tmpdir(),
    terminal: undefined,
    nowMs: () => NOW_MS,
    readStdin: async () => '',
    ask: undefined,
    wait: async () => undefined,
    startProgram: () => undefined,
    interruption: () => new AbortController().signal,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    ...environment,
  })
  return { exit, out, err }
}

/** The environment that names a gateway on another machine. */
export const at = (url: string) => ({ env: { BIR_URL: url, BIR_TOKEN: 'a-token', BIR_MCP_URL: `${url}/mcp` } })
