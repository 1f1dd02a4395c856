import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { z } from 'zod'
import type { PlaneAudit } from '../contract/entities.ts'
import { Refusal, silentServer, standIn } from '../testing.ts'
import { aFolder, at, bir, NOW_MS, startedIn } from './testing.ts'

const file = 'groups:\n  analysts: { members: [alice] }\ngrants:\n  - { group: analysts, server: sql, level: read }\n'
const fromStdin = { readStdin: async () => file }

test.for<[string[], RegExp]>([
  [[], /Usage: bir/],
  [['tokn', 'alice'], /unknown command 'tokn'\n\(Did you mean token\?\)/],
  [['token'], /missing required argument 'person'/],
  [['token', 'alice', '--fast'], /unknown option '--fast'/],
  [['apply'], /Give --file, or --plan/],
  [['plan'], /required option '-f, --file <file>' not specified/],
  [['connect', 'cursor', '--server', '../admin'], /--server "\.\.\/admin": a server id is/],
  [['server', 'approve'], /missing required argument 'id'/],
  [['server', 'definitions', '../x'], /server "\.\.\/x": a server id is/],
  [['connect', 'emacs'], /There is no client emacs that bir can connect\. It knows claude-code, .*, codex, .*, windsurf, zed\./],
  [['audit', 'search', '--outcome', 'lost'], /Allowed choices are answered, refused, failed, unknown/],
  [['audit', 'search', '--since', 'yesterday'], /"yesterday" is no moment/],
  [['audit', 'search', '--limit', 'many'], /--limit takes a number/],
  [['apply', '-f', 'absent.yaml'], /absent.yaml cannot be read \(ENOENT\)/],
])('wrong usage exits with 2 and names the fault: %j', async ([args, says]) => {
  const { exit, out, err } = await bir(args, { env: { BIR_URL: 'http://127.0.0.1:9', BIR_TOKEN: 't' } })
  expect([exit, out]).toEqual([2, ''])
  expect(err).toMatch(says)
})

test.for([
  '',
  'login',
  'logout',
  'whoami',
  'token',
  'connect',
  'plan',
  'apply',
  'export',
  'explain',
  'server',
  'server definitions',
  'server approve',
  'server kill',
  'server revive',
  'provider',
  'provider list',
  'provider test',
  'user',
  'user list',
  'user disable',
  'client',
  'client create',
  'client list',
  'client rotate',
  'client delete',
  'secret',
  'secret put',
  'secret check',
  'secret list',
  'secret delete',
  'secret erase',
  'secret history',
  'secret form',
  'secret import',
  'pat',
  'pat create',
  'pat list',
  'pat revoke',
  'revoke',
  'plane',
  'plane expel',
  'audit',
  'audit search',
  'audit verify',
  'audit export',
  'snapshot status',
])('help has examples, and needs no gateway: bir %s --help', async (verb) => {
  const { exit, out, err } = await bir([...verb.split(' ').filter(Boolean), '--help'])
  expect([exit, err]).toEqual([0, ''])
  expect(out).toMatch(/Examples:\n {2}\S/)
})

test('help before a command is help behind it, however deep the command is', async () => {
  for (const verb of [['plan'], ['secret', 'put'], ['server', 'kill']])
    expect((await bir(['help', ...verb])).out).toBe((await bir([...verb, '--help'])).out)
})

test('a gateway that never started, one that ended and one that does not answer each give one sentence', async () => {
  await using home = await aFolder()
  const env = { BIR_HOME: home.path }
  const never = await bir(['export'], { env })
  expect([never.exit, never.err]).toEqual([
    1,
    expect.stringMatching(/^bir: The gateway is not running \(there is no .*: start it with "npm start".*\n$/),
  ])

  await startedIn(home.path, 'http://127.0.0.1:9')
  const away = await bir(['export'], { env })
  expect([away.exit, away.err]).toEqual([1, 'bir: The gateway does not answer at http://127.0.0.1:9.\n'])

  await using silent = await silentServer()
  await startedIn(home.path, silent.url)
  const stuck = await bir(['export'], { env, timeoutMs: { query: 50, mutation: 50 } })
  expect([stuck.exit, stuck.err]).toEqual([
    1,
    `bir: The gateway at ${silent.url} has not answered for 0.05 s: its control plane hangs or has too much to do. Look at its log, and try again.\n`,
  ])

  const ended = { mcp: 'http://a', control: 'http://a', issuer: 'http://a', pid: 2 ** 30 }
  await writeFile(join(home.path, 'endpoints.json'), JSON.stringify(ended))
  expect((await bir(['export'], { env })).err).toMatch(/left by one that ended/)

  await writeFile(join(home.path, 'endpoints.json'), '{')
  expect((await bir(['export'], { env })).err).toMatch(/damaged/)
})

test('every fault of the environment is named at once', async () => {
  const { exit, err } = await bir(['export'], { env: { BIR_URL: 'ftp://x', BIR_MCP_URL: 'nowhere' } })
  expect(exit).toBe(2)
  expect(err).toMatch(/BIR_URL: .*\n.*BIR_MCP_URL: /)
  const nobody = await bir(['export'], { env: { BIR_URL: 'http://127.0.0.1:9', XDG_CONFIG_HOME: '/nowhere' } })
  expect([nobody.exit, nobody.err]).toEqual([1, expect.stringMatching(/Nobody is signed in at .*: run "bir login", or set BIR_TOKEN/)])
})

test.for([
  [{ BIR_TOKEN: 't' }, /BIR_URL: BIR_TOKEN is for the gateway of BIR_URL/],
  [{ BIR_MCP_URL: 'https://mcp.example.com' }, /BIR_URL: BIR_MCP_URL belongs to the gateway of BIR_URL/],
  [{ BIR_TOKEN: 't', BIR_URL: 'http://control.example.com' }, /BIR_URL: must be https/],
  [{ BIR_TOKEN_FILE: '/nowhere/token', BIR_URL: 'https://control.example.com' }, /BIR_TOKEN_FILE names \/nowhere\/token.*ENOENT/],
] as const)('a setting that would be ignored or unsafe is refused: %o', async ([env, says]) => {
  const { exit, out, err } = await bir(['export'], { env })
  expect([exit, out]).toEqual([2, ''])
  expect(err).toMatch(says)
})

test('a file that cannot be written, and a token that would live too long, are told in the words of the command', async () => {
  await using gateway = await standIn({ policy: { export: () => ({}) } })
  expect((await bir(['export', '-o', '/nowhere/x.yaml'], at(gateway.url))).err).toBe('bir: /nowhere/x.yaml cannot be written (ENOENT).\n')
  await using home = await aFolder()
  await startedIn(home.path, gateway.url)
  const { exit, err } = await bir(['token', 'alice', '--ttl', '999d'], { env: { BIR_HOME: home.path } })
  expect([exit, err]).toEqual([2, 'bir: --ttl is at most 30d: a token lives no longer.\n'])
})

test('the operator signs each call of the API, and the assertion names no person', async () => {
  await using home = await aFolder()
  const seen: string[] = []
  await using gateway = await standIn({ policy: { export: (_, bearer) => (seen.push(bearer), {}) } })
  const publicKey = await startedIn(home.path, gateway.url)
  expect((await bir(['export'], { env: { BIR_HOME: home.path } })).exit).toBe(0)

  const { payload, protectedHeader } = await jwtVerify(seen[0] ?? '', publicKey, { audience: gateway.url, issuer: 'operator:root' })
  expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'bir-operator+jwt' })
  expect(payload.sub).toBeUndefined()
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60)
})

test('a token is printed alone on its line, for the requested person, server and time', async () => {
  await using home = await aFolder()
  const asked: URLSearchParams[] = []
  const issue = (body: URLSearchParams) => (
    asked.push(body),
    { status: 200, body: { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 1800 } }
  )
  await using gateway = await standIn({}, { '/oauth/token': issue })
  const publicKey = await startedIn(home.path, gateway.url)
  const env = { BIR_HOME: home.path }

  expect(await bir(['token', 'alice', '--ttl', '30m'], { env })).toEqual({ exit: 0, out: 'a.b.c\n', err: '' })
  const { out } = await bir(['token', 'alice', '--server', 'sql', '--json'], { env })
  expect(JSON.parse(out)).toEqual({
    person: 'alice',
    token: 'a.b.c',
    resource: `${gateway.url}/mcp/sql`,
    expiresAt: new Date(NOW_MS + 1_800_000).toISOString(),
  })
  expect(await bir(['token', 'alice', '--api'], { env })).toEqual({ exit: 0, out: 'a.b.c\n', err: '' })
  expect((await bir(['token', 'alice', '--api', '--server', 'sql'], { env })).exit).toBe(2)
  expect(asked.map((body) => [body.get('resource'), body.get('requested_token_lifetime')])).toEqual([
    [`${gateway.url}/mcp`, '1800'],
    [`${gateway.url}/mcp/sql`, '28800'],
    [`${gateway.url}/api`, '28800'],
  ])
  const { payload } = await jwtVerify(asked[0]?.get('assertion') ?? '', publicKey)
  expect(payload.sub).toBe('alice')
})

test.for([
  [
    'an unknown person',
    { error: 'invalid_grant', error_description: 'No.', reason: 'unknown_person' },
    2,
    'not_found',
    'There is no person zoe.',
  ],
  ['an unknown server', { error: 'invalid_target', error_description: 'No.' }, 2, 'not_found', 'There is no server jira.'],
  ['a disabled person', { error: 'invalid_grant', error_description: 'Disabled.' }, 1, 'invalid_grant', 'No token: Disabled.'],
  ['a life too long', { error: 'invalid_request', error_description: 'Too long.' }, 2, 'invalid_request', 'No token: Too long.'],
] as const)('no token for %s: the reason is one sentence', async ([, body, exit, code, message]) => {
  await using home = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': () => ({ status: 400, body }) })
  await startedIn(home.path, gateway.url)
  const env = { BIR_HOME: home.path }
  const args = ['token', 'zoe', '--server', 'jira']
  expect(await bir(args, { env })).toEqual({ exit, out: '', err: `bir: ${message}\n` })
  expect(JSON.parse((await bir([...args, '--json'], { env })).err)).toEqual({ error: { code, message } })
})

test('a duration that cannot be read is wrong usage', async () => {
  await using home = await aFolder()
  await startedIn(home.path, 'http://127.0.0.1:9')
  expect((await bir(['token', 'zoe', '--ttl', 'long'], { env: { BIR_HOME: home.path } })).exit).toBe(2)
})

test('a gateway on another machine gives no tokens to an operator', async () => {
  const { exit, err } = await bir(['token', 'alice'], at('http://127.0.0.1:9'))
  expect([exit, err.includes('embedded')]).toEqual([1, true])
})

test('apply sends the file and prints the changes', async () => {
  await using gateway = await standIn({ policy: { apply: ({ file }) => ({ revision: 5, edits: Object.keys(file) }) } })
  const environment = { ...at(gateway.url), ...fromStdin }
  expect(await bir(['apply', '-f', '-'], environment)).toEqual({
    exit: 0,
    out: 'groups\ngrants\n2 changes applied; revision 5. Enforced by 1 of 1 plane.\n',
    err: '',
  })
  expect(JSON.parse((await bir(['apply', '-f', '-', '--json'], environment)).out)).toEqual({
    revision: 5,
    edits: ['groups', 'grants'],
    enforcement: { revision: 7, enforcedBy: 1, of: 1, missing: [] },
  })
})

test('a file with faults is not sent to the gateway, and a script gets each fault with its line', async () => {
  const { exit, err } = await bir(['apply', '-f', '-', '--json'], {
    readStdin: async () => 'grants:\n  - { user: bob, server: sql, level: all }\n',
  })
  expect(exit).toBe(2)
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'bad_file', file: 'stdin', faults: [{ line: 2, path: 'grants[0].level' }] } })
})

test('a file that the gateway refuses is bad input, and a forbidden operation is a failure', async () => {
  const codes = ['invalid_input', 'not_found', 'forbidden'] as const
  const exits = codes.map(async (code) => {
    await using gateway = await standIn({
      policy: {
        apply: () => {
          throw new Refusal(code, 'There is no person alice.')
        },
      },
    })
    return (await bir(['apply', '-f', '-'], { ...at(gateway.url), ...fromStdin })).exit
  })
  expect(await Promise.all(exits)).toEqual([2, 2, 1])
})

test('an unknown name in a file is reported with its line, by plan and by apply', async () => {
  const refuse = () => {
    throw new Refusal('invalid_input', 'groups.analysts: there is no person alice\ngrants[0]: there is no server sql')
  }
  await using gateway = await standIn({ policy: { apply: refuse, plan: refuse } })
  for (const verb of ['plan', 'apply']) {
    const { exit, err } = await bir([verb, '-f', '-'], { ...at(gateway.url), ...fromStdin })
    expect([exit, err.split('\n').slice(1)]).toEqual([
      2,
      ['  stdin:2:3 groups.analysts: there is no person alice', '  stdin:4:5 grants[0]: there is no server sql', ''],
    ])
  }
})

test('plan prints gains and losses, and exits with 3 for a difference only with --exit-code', async () => {
  const people = [
    { user: 'dave', server: 'sql', gains: ['execute_query'], loses: [], before: 'disabled', after: 'read', unseen: false },
  ] as const
  await using gateway = await standIn({
    policy: {
      plan: ({ file }) =>
        file.grants?.length
          ? { edits: ['add a grant'], people: people.map((one) => ({ ...one, gains: [...one.gains], loses: [] })) }
          : { edits: [], people: [] },
    },
  })
  const environment = { ...at(gateway.url), ...fromStdin }
  const { exit, out } = await bir(['plan', '-f', '-'], environment)
  expect([exit, out]).toEqual([0, 'The file would\n  add a grant\nand so\n  dave on sql: disabled → read\n    gains execute_query\n'])
  expect((await bir(['plan', '-f', '-', '--exit-code'], environment)).exit).toBe(3)
  const same = await bir(['plan', '-f', '-', '--exit-code'], { ...environment, readStdin: async () => 'grants: []\n' })
  expect([same.exit, same.out]).toEqual([0, 'Nothing would change.\n'])
})

test('plan notes servers whose tools are not known yet', async () => {
  const unseen = { user: 'dave', server: 'notes', loses: [], before: 'disabled' as const, after: 'read' as const, unseen: true }
  await using gateway = await standIn({
    policy: { plan: () => ({ edits: ['add a grant'], people: [{ ...unseen, gains: ['*'] }] }) },
  })
  const { exit, out, err } = await bir(['plan', '-f', '-'], { ...at(gateway.url), ...fromStdin })
  expect(exit).toBe(0)
  expect(out).toContain('  dave on notes: disabled → read\n    gains * (whatever it offers)\n')
  expect(err).toContain('What notes will offer is not known: no plane has seen it yet.')
})

test('an exported policy can be applied', async () => {
  const policy = { groups: { analysts: { members: ['alice'] } }, grants: [{ group: 'analysts', server: 'sql', level: 'read' as const }] }
  const applied: unknown[] = []
  await using gateway = await standIn({
    policy: { export: () => policy, apply: ({ file }) => (applied.push(file), { revision: 1, edits: [] }) },
  })
  await using folder = await aFolder()
  const environment = { ...at(gateway.url), cwd: folder.path }

  const { out } = await bir(['export'], environment)
  expect(parse(out)).toEqual(policy)
  expect(JSON.parse((await bir(['export', '--json'], environment)).out)).toEqual(policy)
  expect((await bir(['export', '-o', 'bir.yaml'], environment)).out).toBe('')
  expect((await bir(['apply', '-f', 'bir.yaml'], environment)).exit).toBe(0)
  expect(applied).toEqual([policy])
})

test('snapshot status counts the planes that enforce the revision, and exits with 3 while one lags behind', async () => {
  const aPlane = (revision: number, audit?: z.input<typeof PlaneAudit>) => ({
    id: '01890000-0000-7000-8000-0000000000aa',
    name: 'local',
    publicKey: {},
    joinedAt: '2026-11-22T08:00:00Z',
    seenAt: null,
    revision,
    rejected: null,
    auditSeq: 9,
    ...(audit && { audit }),
    expelled: false,
  })
  let revision = 6
  let audit: z.input<typeof PlaneAudit> | undefined
  await using gateway = await standIn({
    snapshot: { status: () => ({ revision: 7, root: 'f00d', at: '2026-11-22T08:00:00Z', planes: [aPlane(revision, audit)] }) },
  })
  const behind = await bir(['snapshot', 'status'], at(gateway.url))
  expect([behind.exit, behind.out.split('\n')[0]]).toEqual([3, 'Revision 7 since 2026-11-22T08:00:00Z: enforced by 0 of 1 plane.'])
  revision = 7
  expect((await bir(['snapshot', 'status', '--json'], at(gateway.url))).exit).toBe(0)
  const told = { written: 12, waiting: 3, apart: 2, why: null, toldAt: '2026-11-22T08:00:00Z' }
  for (const [standing, exit, says] of [
    ['current', 0, 'audit records set apart: 2'],
    ['waiting', 3, 'audit records not stored: 3'],
    ['silent', 0, 'not heard of'],
    ['unknown', 0, 'audit not known'],
  ] as const) {
    audit = { ...told, standing }
    const answer = await bir(['snapshot', 'status'], at(gateway.url))
    expect([answer.exit, answer.out.trimEnd().endsWith(says)]).toEqual([exit, true])
  }
})

test.for([[], ['expelled']])(
  'snapshot status exits with 3 and says that nobody enforces the policy when no plane is left: %j',
  async (names) => {
    const planes = names.map((name) => ({
      id: '01890000-0000-7000-8000-0000000000aa',
      name,
      publicKey: {},
      joinedAt: '2026-11-22T08:00:00Z',
      seenAt: null,
      revision: 7,
      rejected: null,
      auditSeq: 9,
      expelled: true,
    }))
    await using gateway = await standIn({ snapshot: { status: () => ({ revision: 7, root: 'f00d', at: '2026-11-22T08:00:00Z', planes }) } })
    const { exit, out } = await bir(['snapshot', 'status'], at(gateway.url))
    expect([exit, out]).toEqual([3, expect.stringContaining('enforced by nobody, because no data plane runs. Every client is refused')])
    expect((await bir(['snapshot', 'status', '--json'], at(gateway.url))).exit).toBe(3)
  },
)

test('the command runs as a program: exit code, one sentence, no stack', async () => {
  await using home = await aFolder()
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const ended = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [main, 'export'], { env: { PATH: process.env['PATH'], BIR_HOME: home.path } }, (error, stdout, stderr) =>
      resolve({ code: error?.code, stdout, stderr }),
    )
  })
  expect(ended).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^bir: The gateway is not running .*\n$/) })
})
