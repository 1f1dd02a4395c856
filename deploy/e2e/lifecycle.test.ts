import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { afterAll, expect, test } from 'vitest'
import { signIn } from '../local/idp/testing.ts'
import { until, within } from '@bir/data-plane/testing/waiting'
import { bootGateway, forgetHome, startProduct } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { processesWith, untilGone } from './processes.ts'

// One home lives through all of this, test by test: so few starts are what two slow cores can afford.
const home = mkdtempSync(join(tmpdir(), 'bir-lifecycle-'))
const endpointsFile = join(home, 'endpoints.json')
/** Set where `npm start` runs. */
const canaries = ['VAULT_CANARY', 'CONSUL_CANARY', 'PLANE_VAULT_CANARY', 'MASTER_KEY', 'DATABASE_URL', 'BIR_TOKEN', 'SOME_SERVICE_TOKEN']
const canaryOf = (name: string) => `canary-of-${name}`
/** The command of every process that the launcher starts. */
const parts = [
  'control-plane/src/main.ts',
  'data-plane/src/main.ts',
  'portal/src/main.ts',
  'local/idp/main.ts',
  'local/notes/main.ts',
  'bin/postgres',
]
const comesBackWithinMs = 100_000
let gateway: Gateway

afterAll(async () => {
  if (existsSync(endpointsFile)) await gateway.stop()
  await untilGone(home)
  forgetHome(home)
})

test('npm start brings everything up, with passwords shown, and every address answers', async () => {
  gateway = await bootGateway({ home, npm: true, env: Object.fromEntries(canaries.map((name) => [name, canaryOf(name)])) })
  const { mcp, control, portal, idp } = gateway.endpoints
  for (const base of [new URL(mcp).origin, control, portal, idp]) expect((await fetch(`${base}/health`)).status, base).toBe(200)
  await expect.poll(() => gateway.output(), { message: 'what npm start printed' }).toContain('Ctrl-C')
  expect(gateway.output()).toMatch(/alice +\w{4}-\w{4}-\w{4}-\w{4} /)
  expect((await servers()).toSorted()).toEqual(['charts', 'debug', 'meta', 'notes', 'sql'])
})

test('a running part holds no secret of the environment that it does not need', async () => {
  const processes = (await Promise.all(parts.map((part) => processesWith(home, part)))).flat()
  const texts = processes.map(({ pid, command }) => ({ command, text: read(pid, 'environ') + read(pid, 'cmdline') }))
  const holdersOf = (name: string) => texts.filter(({ text }) => text.includes(canaryOf(name))).map(({ command }) => command)
  const holders = Object.fromEntries(canaries.map((name) => [name, holdersOf(name)]))
  expect(holders).toEqual({
    VAULT_CANARY: [expect.stringContaining('control-plane/src/main.ts')],
    CONSUL_CANARY: [expect.stringContaining('control-plane/src/main.ts')],
    PLANE_VAULT_CANARY: [expect.stringContaining('data-plane/src/main.ts')],
    MASTER_KEY: [],
    DATABASE_URL: [],
    BIR_TOKEN: [],
    SOME_SERVICE_TOKEN: [],
  })
})

test('a second start from the same home says that it runs already', async () => {
  await refused({ home }, /^Bir MCP is already running from this home \(process \d+.*\): use it, or end it with "kill \d+" first\.\n$/)
})

test.for(['data-plane/src/main.ts', 'control-plane/src/main.ts', 'bin/postgres -D'])('kill -9 of %s: it comes back', async (part) => {
  const [victim] = await processesWith(home, part)
  process.kill(victim.pid, 'SIGKILL')
  const isNew = ({ pid }: { pid: number }) => pid !== victim.pid
  await until(async () => (await processesWith(home, part)).some(isNew), `${part} to be started again`, comesBackWithinMs)
  for (const base of [gateway.endpoints.control, new URL(gateway.endpoints.mcp).origin])
    await until(() => isHealthy(base), `${base} to be healthy`, comesBackWithinMs)
  await until(async () => (await servers().catch((): string[] => [])).includes('sql'), 'the API to list its servers', comesBackWithinMs)
})

test('a data plane that is killed again and again comes back each time, and no other part is stopped for it', async () => {
  const others = ['start.ts', 'control-plane/src/main.ts', 'portal/src/main.ts', 'local/idp/main.ts', 'bin/postgres -D']
  const pidsOfOthers = async () => Promise.all(others.map(async (part) => (await processesWith(home, part))[0].pid))
  const before = await pidsOfOthers()
  for (let kill = 0; kill < 5; kill++) {
    const [victim] = await processesWith(home, 'data-plane/src/main.ts')
    process.kill(victim.pid, 'SIGKILL')
    const isNew = ({ pid }: { pid: number }) => pid !== victim.pid
    await until(
      async () => (await processesWith(home, 'data-plane/src/main.ts')).every(isNew),
      'the plane to be started again',
      comesBackWithinMs,
    )
  }
  await until(() => isHealthy(new URL(gateway.endpoints.mcp).origin), 'the plane to be healthy', comesBackWithinMs)
  expect(await pidsOfOthers()).toEqual(before)
  expect(gateway.output()).toMatch(
    /The data plane is down \(death \d in a row\): it is started again in [\d.]+ s, and the other parts go on\./,
  )
})

test('a person signs in at the demo provider, and the token they get for it opens the gateway', async () => {
  const password = /alice +(\w{4}-\w{4}-\w{4}-\w{4}) /.exec(gateway.output())?.[1] ?? ''
  const { id_token: idToken } = await signIn(gateway.endpoints.idp, 'alice', password)
  const response = await fetch(`${gateway.endpoints.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      resource: gateway.endpoints.mcp,
    }),
  })
  const issued: unknown = await response.json()
  expect(issued).toMatchObject({ access_token: expect.stringMatching(/^ey/) })
  expect(await initialize((issued as { access_token: string }).access_token)).toBe(200)
})

test('SIGTERM to npm start leaves no process and no endpoints.json', async () => {
  await moveBank('/elsewhere')
  gateway.process.kill('SIGTERM')
  await untilGone(home)
  expect(existsSync(endpointsFile)).toBe(false)
})

test('the next start keeps all data, serves from other ports alike, and kill -9 of npm start leaves no process', async () => {
  const key = readFileSync(join(home, 'operator.key'), 'utf8')
  gateway = await bootGateway({ home, npm: true })
  await expect.poll(() => gateway.output(), { message: 'what npm start printed' }).toContain('Ctrl-C')
  expect(gateway.output()).not.toContain('passwords: shown this once')
  expect(readFileSync(join(home, 'operator.key'), 'utf8')).toBe(key)
  expect(await servers()).toContain('sql')
  const status = async () => initialize(await gateway.token('alice'))
  await expect.poll(status, { message: "status of alice's first request" }).toBe(200)

  gateway.process.kill('SIGKILL')
  await untilGone(home)
})

test('kill -9 of the supervisor leaves no process, and the start after it works', async () => {
  gateway = await bootGateway({ home })
  process.kill(gateway.endpoints.pid, 'SIGKILL')
  await untilGone(home)

  gateway = await bootGateway({ home })
  await gateway.stop()
  await untilGone(home)
})

test('a port that is taken stops the start with its name', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await refused(
    { home, env: { BIR_PORTAL_PORT: String(port) } },
    new RegExp(`^Port ${port} is taken by another program: .*BIR_PORTAL_PORT`),
  )
  other.close()
})

test('a home that cannot be written, or is damaged, stops the start with a sentence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bir-refused-'))
  writeFileSync(join(folder, 'file'), '')
  await refused({ home: join(folder, 'file', 'home') }, /^The folder .* cannot be written: make it writable, or set BIR_HOME/)

  const damaged = join(folder, 'damaged')
  mkdirSync(damaged)
  writeFileSync(join(damaged, 'operator.key'), '{"kty":')
  await refused({ home: damaged }, /operator\.key is damaged: remove it/)
  forgetHome(folder)
})

test('outside stage local nothing embedded starts, and what is unsafe is named at once', async () => {
  await refused(
    { home, env: { BIR_STAGE: 'prod' } },
    /^In stage prod nothing embedded starts .*: set PUBLIC_URL .*; set MCP_URL|MCP_URL .*DATABASE_URL .*MASTER_KEY_FILE .*IDP_ISSUER/,
  )
})

/** What Linux tells about a running process. */
const read = (pid: number, file: 'environ' | 'cmdline') => readFileSync(`/proc/${pid}/${file}`, 'utf8')

/** Ends at once, with one sentence and code 1. */
async function refused(options: Parameters<typeof startProduct>[0], sentence: RegExp): Promise<void> {
  const start = startProduct(options)
  expect(await within(start.ended, 'the start to end')).toBe(1)
  await expect.poll(() => start.output(), { message: 'what the start printed' }).not.toBe('')
  expect(start.output()).toMatch(sentence)
  expect(start.output().trim().split('\n')).toHaveLength(1)
}

const api = () => createClient({ url: gateway.endpoints.control, token: gateway.operatorToken })

async function servers(): Promise<string[]> {
  return (await api().servers.list()).items.map(({ id }) => id)
}

/** As if the socket folder had been another one at this start: the next has to follow. */
async function moveBank(host: string): Promise<void> {
  const { servers } = await api().policy.export()
  const text = JSON.stringify(servers).replace(/"host":"[^"]*"/, `"host":${JSON.stringify(host)}`)
  await api().policy.apply({ file: PolicyFile.parse({ servers: JSON.parse(text) }) })
}

/** The status that a client gets at its first call. */
async function initialize(token: string): Promise<number> {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'lifecycle', version: '1' } }
  const response = await fetch(gateway.endpoints.mcp, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  })
  await response.body?.cancel()
  return response.status
}

async function isHealthy(base: string): Promise<boolean> {
  return fetch(`${base}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
}
