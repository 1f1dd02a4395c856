import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'

interface Event {
  level: string
  event: string
  url?: string
  why?: string
}

/** The process as the launcher starts it. */
function aProcess(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const events: Event[] = []
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as Event))
  // Not `exit`, because the last output may arrive after it.
  const ended = once(child, 'close') as Promise<[code: number | null, signal: string | null]>
  const listening = async () => {
    const find = () => events.find(({ event }) => event === 'listening')?.url
    await expect.poll(find).toBeDefined()
    return find() ?? ''
  }
  return { child, events, ended, listening }
}

async function aPlace() {
  const made = await testDb({ migrated: false })
  const home = mkdtempSync(join(tmpdir(), 'bir-main-'))
  const env = {
    PORT: '0',
    PUBLIC_URL: 'http://control.test',
    MCP_URL: 'http://mcp.test',
    DATABASE_URL: made.url,
    HOME_DIR: join(home, 'control'),
    JOIN_FILE: join(home, 'join'),
  }
  const dispose = async () => {
    await made.drop()
    rmSync(home, { recursive: true })
  }
  return { db: made.db, home, env, [Symbol.asyncDispose]: dispose }
}

test('a process that was killed at any moment restarts with the same keys, revision and join line', async () => {
  await using place = await aPlace()
  const seen: unknown[] = []
  for (let start = 0; start < 2; start++) {
    const { child, ended, listening } = aProcess(place.env)
    const url = await listening()
    const keys: unknown = await (await fetch(`${url}/oauth/jwks`)).json()
    const revisions = await place.db.selectFrom('revisions').select(['revision', 'root']).execute()
    seen.push({ keys, revisions, line: readFileSync(join(place.home, 'join'), 'utf8') })
    child.kill('SIGKILL')
    await ended
  }
  expect(seen[1]).toEqual(seen[0])
  const modes = ['join', 'control/master.key'].map((file) => statSync(join(place.home, file)).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600])
})

test('a signal ends the process cleanly', async () => {
  await using place = await aPlace()
  const { child, events, ended, listening } = aProcess(place.env)
  const url = await listening()
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(events.at(-1)).toMatchObject({ event: 'stopped' })
})

test('a rejection that nobody holds is logged, shows in its health, and ends nothing', async () => {
  await using place = await aPlace()
  const stray = 'process.on("SIGUSR2", () => { Promise.reject(new Error(["ses", "ame"].join(""))) })'
  const { child, events, ended, listening } = aProcess({
    ...place.env,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(stray)}`,
  })
  const url = await listening()
  child.kill('SIGUSR2')
  await expect.poll(() => events.at(-1)).toMatchObject({ level: 'error', event: 'stray-rejection', error: 'Error', count: 1 })
  expect(JSON.stringify(events)).not.toContain('sesame')
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', strayRejections: 1 })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test('an uncaught error is logged once and ends the process', async () => {
  await using place = await aPlace()
  const uncaught = 'process.on("SIGUSR2", () => { throw new Error("nobody caught this") })'
  const { child, events, ended, listening } = aProcess({
    ...place.env,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(uncaught)}`,
  })
  await listening()
  child.kill('SIGUSR2')
  expect(await ended).toEqual([1, null])
  expect(events.at(-1)).toMatchObject({ level: 'error', event: 'cannot-go-on', why: 'nobody caught this' })
})

test('a failed start is logged as one event with all faults', async () => {
  const { events, ended } = aProcess({ STAGE: 'prod', PUBLIC_URL: 'http://bir.example.com' })
  expect(await ended).toEqual([1, null])
  expect(events).toMatchObject([{ level: 'error', event: 'start-failed' }])
  for (const named of ['MCP_URL', 'DATABASE_URL', 'HOME_DIR']) expect(events[0]?.why).toContain(named)
})

test('a master key that does not belong to the database is refused with one sentence', async () => {
  await using place = await aPlace()
  const first = aProcess(place.env)
  await first.listening()
  first.child.kill('SIGKILL')
  await first.ended
  const second = aProcess({ ...place.env, MASTER_KEY: Buffer.alloc(32, 7).toString('base64') })
  expect(await second.ended).toEqual([1, null])
  expect(second.events.at(-1)?.why).toContain('The master key does not open the keys in this database')
})

test('no master key is generated outside stage local', async () => {
  await using place = await aPlace()
  const safe = { PUBLIC_URL: 'https://control.test', MCP_URL: 'https://mcp.test', IDP_PROVIDER: 'corp', STAGE: 'prod' }
  const { events, ended } = aProcess({ ...place.env, ...safe })
  expect(await ended).toEqual([1, null])
  expect(events.at(-1)?.why).toContain('There is no master key')
})
