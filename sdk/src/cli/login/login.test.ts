import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder, bir, NOW_MS, startedIn } from '../testing.ts'
import { alice, aSignInServer, granted, pending } from './testing.ts'

test('login shows address and code, waits as long as it is told, and keeps the tokens for its owner alone', async () => {
  await using folder = await aFolder()
  const slowDown = { status: 400, body: { error: 'slow_down' } }
  await using server = await aSignInServer({ token: [pending, slowDown, pending, granted('a.b.c', 'r1')] })
  const waits: number[] = []
  const env = { XDG_CONFIG_HOME: folder.path }
  const { exit, out, err } = await bir(['login', '--url', `${server.url}/`], { env, wait: async (ms) => void waits.push(ms) })
  expect([exit, out]).toEqual([0, `You are signed in at ${server.url} as alice.\n`])
  expect(err).toContain(`Open ${server.url}/oauth/device and enter the code WDJB-MJHT.`)
  expect(err).toContain('bir now acts as alice')
  expect(out + err).not.toMatch(/a\.b\.c|r1|a-device-code/)
  expect(waits).toEqual([5_000, 5_000, 10_000, 10_000])
  expect(Object.fromEntries(server.forms.device[0] ?? [])).toEqual({ client_id: 'bir', resource: `${server.url}/api` })
  expect(Object.fromEntries(server.forms.token[0] ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: 'a-device-code',
    client_id: 'bir',
  })

  const [name = ''] = await readdir(join(folder.path, 'bir'))
  const file = join(folder.path, 'bir', name)
  expect([(await stat(file)).mode & 0o777, (await stat(join(folder.path, 'bir'))).mode & 0o777]).toEqual([0o600, 0o700])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    issuer: server.url,
    person: 'alice',
    accessToken: 'a.b.c',
    refreshToken: 'r1',
    expiresAtMs: NOW_MS + 600_000,
  })

  const who = await bir(['whoami', '--json'], { env: { ...env, BIR_URL: server.url } })
  expect(JSON.parse(who.out)).toEqual({ ...alice, gateway: server.url, by: 'sign-in' })
  expect(server.bearers.at(-1)).toBe('a.b.c')
})

test.for([
  ['access_denied', 'denied in the browser'],
  ['expired_token', 'Nobody approved'],
  ['invalid_grant', 'No sign-in: It is void.'],
] as const)('a sign-in that ends with %s changes nothing and says so', async ([error, says]) => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [pending, { status: 400, body: { error, error_description: 'It is void.' } }] })
  const { exit, out, err } = await bir(['login', '--url', server.url], { env: { XDG_CONFIG_HOME: folder.path } })
  expect([exit, out]).toEqual([1, ''])
  expect(err).toContain(says)
  expect(await readdir(folder.path)).toEqual([])
})

test('a sign-in that nobody approves ends with its code', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [pending] })
  let nowMs = NOW_MS
  const around = { env: { XDG_CONFIG_HOME: folder.path }, nowMs: () => nowMs, wait: async (ms: number) => void (nowMs += ms) }
  const { exit, err } = await bir(['login', '--url', server.url], around)
  expect([exit, err.includes('Nobody approved the sign-in in time')]).toEqual([1, true])
  expect(server.forms.token).toHaveLength(120)
})

test('Ctrl-C ends the wait with a sentence, and nothing is kept', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [pending] })
  const stop = new AbortController()
  const around = {
    env: { XDG_CONFIG_HOME: folder.path },
    interruption: () => stop.signal,
    wait: async () => stop.abort(),
  }
  const { exit, err } = await bir(['login', '--url', server.url], around)
  expect([exit, err.includes('You stopped the sign-in')]).toEqual([1, true])
  expect([server.forms.token, await readdir(folder.path)]).toEqual([[], []])
})

test.for<[title: string, args: string[], around: object, started: string[]]>([
  ['a display', [], { env: { DISPLAY: ':0' } }, ['xdg-open']],
  ['Wayland', [], { env: { WAYLAND_DISPLAY: 'wayland-0' } }, ['xdg-open']],
  ['a display and --no-browser', ['--no-browser'], { env: { DISPLAY: ':0' } }, []],
  ['no display', [], { env: {} }, []],
  ['macOS', [], { env: {}, platform: 'darwin' }, ['open']],
  ['Windows', [], { env: {}, platform: 'win32' }, ['rundll32']],
])('with %s a browser is opened where there is one', async ([, args, around, expected]) => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ token: [granted('a.b.c')] })
  const started: { command: string; last: string | undefined }[] = []
  const environment = {
    homeDir: folder.path,
    startProgram: (command: string, args: readonly string[]) => void started.push({ command, last: args.at(-1) }),
  }
  await bir(['login', '--url', server.url, ...args], { ...environment, ...around })
  const page = expect.stringContaining(`${server.url}/oauth/device?user_code=WDJB-MJHT`) as string
  expect(started).toEqual(expected.map((command) => ({ command, last: page })))
})

test('no program is handed an address that is no page of the web', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer({ device: { verification_uri_complete: 'http://evil.example.com/' }, token: [granted('a.b.c')] })
  const started: string[] = []
  const environment = { homeDir: folder.path, env: { DISPLAY: ':0' }, startProgram: (command: string) => void started.push(command) }
  expect((await bir(['login', '--url', server.url], environment)).exit).toBe(0)
  expect(started).toEqual([])
})

test('a gateway that calls itself otherwise, or sends tokens elsewhere, is refused', async () => {
  await using folder = await aFolder()
  const env = { XDG_CONFIG_HOME: folder.path }
  await using other = await aSignInServer({ metadata: { issuer: 'https://elsewhere.example.com' } })
  const named = await bir(['login', '--url', other.url], { env })
  expect([named.exit, named.err.includes('calls itself https://elsewhere.example.com')]).toEqual([1, true])

  await using open = await aSignInServer({ metadata: { token_endpoint: 'http://elsewhere.example.com/token' } })
  expect((await bir(['login', '--url', open.url], { env })).exit).toBe(1)
  expect(open.forms.device).toEqual([])

  for (const url of ['http://gateway.example.com', 'ftp://x', 'nowhere', 'https://a@b.example.com']) {
    expect((await bir(['login', '--url', url], { env })).exit).toBe(2)
  }
})

test('what is set in the environment wins over a sign-in, and a sign-in over the operator key', async () => {
  await using folder = await aFolder()
  await using home = await aFolder()
  await using server = await aSignInServer({ token: [granted('of-alice', 'r1')] })
  await startedIn(home.path, server.url)
  const env = { XDG_CONFIG_HOME: folder.path, BIR_HOME: home.path }
  expect((await bir(['whoami'], { env })).out).toContain('by the operator key')

  expect((await bir(['login'], { env })).exit).toBe(0)
  expect((await bir(['whoami'], { env })).out).toBe(`alice at ${server.url}, by "bir login"\n`)
  expect(server.bearers.at(-1)).toBe('of-alice')
  const both = { ...env, BIR_URL: server.url, BIR_TOKEN: 'mine' }
  expect((await bir(['whoami'], { env: both })).out).toContain('by the token in BIR_TOKEN')
  expect(server.bearers.at(-1)).toBe('mine')
  expect((await bir(['login'], { env: both })).err).toContain('BIR_TOKEN is set and wins over this sign-in')

  expect((await bir(['logout'], { env })).exit).toBe(0)
  expect((await bir(['whoami'], { env })).out).toContain('by the operator key')
})

test('whoami fails when there is nobody', async () => {
  await using folder = await aFolder()
  await using server = await aSignInServer()
  const { exit, out, err } = await bir(['whoami'], { env: { XDG_CONFIG_HOME: folder.path, BIR_URL: server.url } })
  expect([exit, out]).toEqual([1, ''])
  expect(err).toContain(`Nobody is signed in at ${server.url}`)
})
