import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePlaces } from './embedded/places.ts'
import { postmasterPid } from './embedded/stale.ts'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bir-embedded-'))
})

afterEach(() => {
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
})

test('a second start finds the data of the first, and a role can open only its own database', async () => {
  const first = await startEmbeddedPostgres({ home })
  await first.ensureDatabase('bir', 'bir')
  await first.ensureDatabase('bank', 'bank_owner')
  await query(first.url('bir', 'bir'), 'create table kept (id int)')
  await expect(query(first.url('bir', 'bank_owner'), 'select 1')).rejects.toThrow('permission denied for database "bir"')
  await expect(query(first.superuserUrl.replace(/:[^:]*@/, ':wrong@'), 'select 1')).rejects.toThrow('password authentication failed')
  await first.stop()

  const second = await startEmbeddedPostgres({ home })
  await second.ensureDatabase('bir', 'bir')
  expect(await query(second.url('bir', 'bir'), 'select count(*)::int as n from kept')).toEqual([{ n: 0 }])
  expect(second.version).toMatch(/^\d+\.\d+$/)
  await second.stop()
})

test('Postgres ends when its parent is killed with kill -9, and the next start recovers', async () => {
  const embedded = new URL('./embedded.ts', import.meta.url).href
  const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(embedded)})
    await startEmbeddedPostgres({ home: ${JSON.stringify(home)} }); process.stdout.write('up'); setInterval(() => {}, 1000)`
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => supervisor.stdout.once('data', resolve))
  const pid = postmasterPid(makePlaces(home).data)
  expect(pid).toBeGreaterThan(1)

  supervisor.kill('SIGKILL')
  await expect.poll(() => alive(pid ?? 0), { message: 'Postgres is alive' }).toBe(false)
  const again = await startEmbeddedPostgres({ home })
  await again.stop()
})

test.runIf(process.getuid?.() === 0)('the note that names the cluster folder is written once and completely', () => {
  const note = join(home, 'postgres.json')
  const written = () => [statSync(note).ino, readFileSync(note, 'utf8')]
  makePlaces(home)
  const first = written()
  makePlaces(home)
  expect(written()).toEqual(first)
  expect(statSync(note).mtimeMs).toBe(statSync(note).ctimeMs)
  expect(readdirSync(home).filter((name) => name.startsWith('postgres.json'))).toEqual(['postgres.json'])
})

test.runIf(process.getuid?.() === 0).for(['{', '{}', '{"base":"","cluster":"x"}'])(
  'a damaged note, %s, stops the start with one sentence, and no folder is renamed',
  (damaged) => {
    const { base } = makePlaces(home)
    const file = join(home, 'postgres.json')
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, damaged)
    expect(() => makePlaces(home)).toThrow(/postgres\.json is damaged: restore it from a backup, or move the home away/)
    expect([existsSync(join(base, 'cluster-id')), readFileSync(file, 'utf8')]).toEqual([true, damaged])
    writeFileSync(file, whole)
    expect(makePlaces(home).base).toBe(base)
  },
)

/** The tests of the user that Postgres runs as: only root can choose one. */
const asRoot = test.runIf(process.getuid?.() === 0)

asRoot('as root, Postgres and its files belong to a user of their own, whom no other daemon and no other home has', async () => {
  const postgres = await startEmbeddedPostgres({ home })
  const { data, socketDir, owner } = makePlaces(home)
  const [server, other] = [postmasterPid(data) ?? 0, mkdtempSync(join(tmpdir(), 'bir-embedded-'))]
  const user = owner?.uid ?? 0
  expect(JSON.parse(readFileSync(join(home, 'postgres.json'), 'utf8'))).toMatchObject({ user })
  expect(user).toBeGreaterThan(60_000)
  expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(`:${user}:`)
  expect(new Set([...ownersBelow(data), statSync(socketDir).uid, statSync(`/proc/${server}`).uid])).toEqual(new Set([user]))
  for (const path of [join(data, 'PG_VERSION'), data, socketDir]) expect(readableByNobody(path)).toBe(false)

  await postgres.stop()
  expect(makePlaces(other).owner?.uid).not.toBe(user)
  removeEmbeddedPostgres(other)
  rmSync(other, { recursive: true })
})

asRoot('a cluster that an earlier release made for `nobody` is taken over with its data, and foreign files are left alone', async () => {
  const first = await startEmbeddedPostgres({ home })
  await first.ensureDatabase('bir', 'bir')
  await query(first.url('bir', 'bir'), 'create table kept (id int)')
  await first.stop()
  const { base, data } = makePlaces(home)
  const foreign = join(home, 'foreign')
  writeFileSync(foreign, '')
  linkSync(foreign, join(data, 'planted'))
  symlinkSync(foreign, join(data, 'planted-too'))
  const note = JSON.parse(readFileSync(join(home, 'postgres.json'), 'utf8')) as Record<string, unknown>
  writeFileSync(join(home, 'postgres.json'), JSON.stringify({ base: note.base, cluster: note.cluster }))
  execFileSync('chown', ['-hR', '65534:65534', base])
  chownSync(foreign, 0, 0)
  expect(readableByNobody(data)).toBe(true)
  writeFileSync(join(base, 'runtimes/changed-by-nobody'), '')

  const again = await startEmbeddedPostgres({ home })
  const user = makePlaces(home).owner?.uid
  await again.ensureDatabase('bir', 'bir')
  expect(await query(again.url('bir', 'bir'), 'select count(*)::int as n from kept')).toEqual([{ n: 0 }])
  expect(statSync(foreign).uid).toBe(0)
  expect(existsSync(join(base, 'runtimes/changed-by-nobody'))).toBe(false)
  await again.stop()
  for (const path of [join(data, 'planted'), join(data, 'planted-too')]) rmSync(path)
  expect(new Set(ownersBelow(data))).toEqual(new Set([user]))
  expect(readableByNobody(data)).toBe(false)
})

test('`ended` resolves when Postgres is killed with kill -9, and the next start recovers', async () => {
  const postgres = await startEmbeddedPostgres({ home })
  const pid = postmasterPid(makePlaces(home).data)
  expect(pid).toBeGreaterThan(1)
  process.kill(pid!, 'SIGKILL')
  await postgres.ended
  const again = await startEmbeddedPostgres({ home })
  expect(await query(again.superuserUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  await again.stop()
})

test('a cluster of another major version and a damaged cluster are each refused with one sentence', async () => {
  const postgres = await startEmbeddedPostgres({ home })
  await postgres.stop()
  const { data } = makePlaces(home)

  const control = readFileSync(join(data, 'global/pg_control'))
  writeFileSync(join(data, 'global/pg_control'), Buffer.alloc(control.length))
  await expect(startEmbeddedPostgres({ home })).rejects.toThrow(/cannot start from .*restore it from a backup/)
  writeFileSync(join(data, 'global/pg_control'), control)

  writeFileSync(join(data, 'PG_VERSION'), '12\n')
  await expect(startEmbeddedPostgres({ home })).rejects.toThrow(/made by PostgreSQL 12 and this release carries/)
})

async function query(connectionString: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

const ownersBelow = (folder: string) => readdirSync(folder, { recursive: true }).map((name) => lstatSync(join(folder, String(name))).uid)

function readableByNobody(path: string): boolean {
  const { error, status } = spawnSync('ls', [path], { uid: 65_534, gid: 65_534 })
  if (error) throw error
  return status === 0
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
