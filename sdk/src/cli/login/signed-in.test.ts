import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder, bir, NOW_MS } from '../testing.ts'
import { aSignInServer, granted } from './testing.ts'

type Server = Awaited<ReturnType<typeof aSignInServer>>

/** Signs alice in. Returns the environment and the file with her tokens. */
async function signedIn(folder: string, server: Server) {
  const env = { XDG_CONFIG_HOME: folder, BIR_URL: server.url }
  expect((await bir(['login'], { env })).exit).toBe(0)
  const [name = ''] = await readdir(join(folder, 'bir'))
  return { env, file: join(folder, 'bir', name) }
}

const later = { nowMs: () => NOW_MS + 595_000 }
const hourLater = { nowMs: () => NOW_MS + 3_600_000 }

test('a token that ends soon is renewed once, also by commands at the same moment, and the file keeps the successor', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [granted('first', 'r1'), granted('second', 'r2'), granted('third', 'r3')] })
  const { env, file } = await signedIn(folder.path, server)
  const all = await Promise.all([1, 2, 3, 4].map(() => bir(['whoami'], { env, ...later })))
  expect(all.map(({ exit }) => exit)).toEqual([0, 0, 0, 0])
  expect(server.bearers.slice(-4)).toEqual(['second', 'second', 'second', 'second'])
  expect(server.forms.token.map((form) => form.get('refresh_token'))).toEqual([null, 'r1'])
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ accessToken: 'second', refreshToken: 'r2', person: 'alice' })
  expect(await readdir(join(folder.path, 'bir'))).toHaveLength(1)

  expect((await bir(['whoami'], { env, ...hourLater })).exit).toBe(0)
  expect(server.forms.token.at(-1)?.get('refresh_token')).toBe('r2')
})

test('a sign-in that the gateway ended is told, is never replaced by another caller, and stays for logout', async () => {
  await using folder = await aFolder()
  const refused = { status: 400, body: { error: 'invalid_grant', error_description: 'This session was ended.' } }
  await using server = await aSignInServer({ token: [granted('first', 'r1'), refused] })
  const { env, file } = await signedIn(folder.path, server)
  const before = await readFile(file, 'utf8')
  const { exit, out, err } = await bir(['whoami'], { env, ...hourLater })
  expect([exit, out]).toEqual([1, ''])
  expect(err).toMatch(/Your sign-in at .* has ended \(This session was ended\): run "bir login"/)
  expect(await readFile(file, 'utf8')).toBe(before)
})

test('while the gateway is away the tokens stay', async () => {
  await using folder = await aFolder()
  const server = await aSignInServer({ token: [granted('first', 'r1')] })
  const { env, file } = await signedIn(folder.path, server)
  const before = await readFile(file, 'utf8')
  await server[Symbol.asyncDispose]()
  expect((await bir(['whoami'], { env, ...hourLater })).err).toContain('does not answer')
  expect(await readFile(file, 'utf8')).toBe(before)
  expect(await readdir(join(folder.path, 'bir'))).toHaveLength(1)

  const out = await bir(['logout'], { env })
  expect([out.exit, out.err.includes('the gateway could not be told')]).toEqual([1, true])
  expect(await readdir(join(folder.path, 'bir'))).toEqual([])
})

test('logout voids the refresh token at the gateway and removes the file; a second one finds nobody', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [granted('first', 'r1')] })
  const { env } = await signedIn(folder.path, server)
  expect(await bir(['logout'], { env })).toMatchObject({ exit: 0, out: `alice is signed out of ${server.url}.\n` })
  expect(server.forms.revoke.map((form) => Object.fromEntries(form))).toEqual([{ token: 'r1', client_id: 'bir' }])
  expect(await readdir(join(folder.path, 'bir'))).toEqual([])
  expect(await bir(['logout', '--json'], { env })).toMatchObject({ exit: 0, out: `{"gateway":"${server.url}","person":null}\n` })
})

test.for([
  ['the file', 0o644, 0o700],
  ['the folder', 0o600, 0o777],
] as const)('tokens are not used when others can open %s', async ([, fileMode, folderMode]) => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [granted('first', 'r1')] })
  const { env, file } = await signedIn(folder.path, server)
  await chmod(file, fileMode)
  await chmod(join(folder.path, 'bir'), folderMode)
  const calls = server.bearers.length
  const { exit, err } = await bir(['whoami'], { env })
  expect([exit, server.bearers.length]).toEqual([1, calls])
  expect(err).toMatch(/thers on this machine can .*chmod/)
  // A way out without chmod: the file goes.
  expect((await bir(['logout'], { env })).exit).toBe(1)
  expect(await readdir(join(folder.path, 'bir'))).toEqual([])
})

test('a damaged file is told, and the next sign-in replaces it', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [granted('first', 'r1')] })
  const { env, file } = await signedIn(folder.path, server)
  await writeFile(file, '{')
  expect((await bir(['whoami'], { env })).err).toContain('is damaged')
  expect((await bir(['login'], { env })).exit).toBe(0)
  expect((await bir(['whoami'], { env })).exit).toBe(0)
})

test('the sign-ins at several gateways lie beside each other', async () => {
  await using folder = await aFolder()
  await using one = await aSignInServer({ token: [granted('of-one')] })
  await using other = await aSignInServer({ token: [granted('of-other')] })
  const { env } = await signedIn(folder.path, one)
  expect((await bir(['login', '--url', other.url], { env })).exit).toBe(0)
  expect((await bir(['whoami'], { env })).exit).toBe(0)
  expect(one.bearers.at(-1)).toBe('of-one')
  expect((await bir(['whoami'], { env: { ...env, BIR_URL: other.url } })).exit).toBe(0)
  expect(other.bearers.at(-1)).toBe('of-other')
})
