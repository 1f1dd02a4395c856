import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@bir/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { buildSdk } from '../package-sdk/build-sdk.ts'
import { connect } from './clients.ts'
import type { Era } from './clients.ts'

/**
 * What the newcomer of the README does, with the official clients of both eras, against everything running for real.
 */

const main = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'bir-first-light-'))
const eras = ['modern', 'legacy'] as const satisfies Era[]
/** Within it a plane learns of a change because it is told, not because it asks again after 25 s. */
const toldWithinMs = 20_000
let gateway: Gateway

beforeAll(async () => {
  gateway = await bootGateway()
})

afterAll(async () => {
  await gateway.stop()
  rmSync(scratch, { recursive: true })
})

/** Runs `bir` as a person would, and gives what it printed and its exit code. */
async function bir(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], {
      env: { ...process.env, BIR_HOME: gateway.home, NO_COLOR: '1' },
    })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code = -1, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code, out: stdout, err: stderr }
  }
}

const as = async (person: string, era: Era, path = '') =>
  connect(era, gateway.endpoints.mcp + path, (await bir('token', person)).out.trim())

const api = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })

test.for(eras)('alice, with a %s client, reads customers but not salaries, counts them, and gets a chart as an image', async (era) => {
  await using client = await as('alice', era)
  expect(client.version()).toBe(era === 'modern' ? '2026-07-28' : '2025-11-25')
  expect(await client.tools()).toEqual(expect.arrayContaining(['sql_execute_query', 'charts_create_chart', 'meta_whoami', 'debug_echo']))

  const tables = await client.call('sql_list_tables')
  expect(JSON.stringify(tables)).toContain('customers')
  expect(JSON.stringify(tables)).not.toContain('salaries')
  const count = await client.call('sql_execute_query', { query: 'select count(*) from customers' })
  expect(count.structuredContent).toMatchObject({ rows: [[2000]] })

  const { content } = await client.call('charts_create_chart', {
    type: 'bar',
    data: [
      { city: 'Bakı', customers: 3 },
      { city: 'Gəncə', customers: 1 },
    ],
    x: 'city',
    y: 'customers',
  })
  const image = content.find(({ type }) => type === 'image')
  expect(image?.mimeType).toBe('image/png')
  expect(
    Buffer.from(image?.data ?? '', 'base64')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
})

const disguises = [
  'select * from salaries',
  'select * from public.salaries',
  'select * from "salaries"',
  'select * from U&"\\0073alaries"',
  'table salaries',
  'with s as (select * from salaries) select * from s',
  'with customers as (select * from salaries) select * from customers',
  'select (select max(amount) from salaries) from customers',
  'select 1 from customers where exists (select 1 from salaries)',
  'select * from customers c, lateral (select * from salaries) s',
  'select id from customers union all select id from salaries',
  "select query_to_xml('select * from salaries', true, true, '')",
  'explain analyze select * from salaries',
  'select * from /* customers */ salaries',
  'select 1; select * from salaries',
  'copy salaries to stdout',
  'with d as (delete from salaries returning *) select * from d',
  'select row_to_json(s) from salaries s',
  'select null::salaries',
]

test.for(disguises)('alice is refused: %s', async (query) => {
  await using client = await as('alice', 'modern')
  const answer = await client.call('sql_execute_query', { query })
  expect(answer.isError).toBe(true)
})

test('what alice may not see in a table comes back masked', async () => {
  await using client = await as('alice', 'modern', '/sql')
  const answer = await client.call('execute_query', { query: 'select national_id from customers limit 3' })
  const masked = [expect.stringMatching(/^•••/)]
  expect(answer.structuredContent?.['rows']).toEqual([masked, masked, masked])
})

test('dave sees no tools but those of meta; explain says why; apply lets him in at once, in the same session', async () => {
  await using client = await as('dave', 'legacy')
  const tools = await client.tools()
  expect(tools).toContain('meta_whoami')
  expect(tools.filter((name) => !name.startsWith('meta_'))).toEqual([])
  await expect(client.call('sql_list_tables')).rejects.toThrow('Unknown tool: sql_list_tables')

  const why = await bir('explain', '--user', 'dave', '--server', 'sql', '--tool', 'list_tables')
  expect(why).toMatchObject({ code: 3, out: expect.stringContaining('no-grant') })

  const file = parse((await bir('export')).out)
  file.grants.push({ user: 'dave', server: 'sql', level: 'read' })
  file.restrictions.push({ user: 'dave', server: 'sql', connection: 'bank', allow: ['public.accounts'] })
  const path = join(scratch, 'dave.yaml')
  writeFileSync(path, stringify(file))
  const plan = await bir('plan', '-f', path)
  expect(plan.out).toMatch(/dave.*sql/)
  expect((await client.tools()).some((name) => name.startsWith('sql_'))).toBe(false)

  expect((await bir('apply', '-f', path)).code).toBe(0)
  await expect.poll(() => client.tools(), { timeout: toldWithinMs }).toContain('sql_list_tables')
  expect(JSON.stringify(await client.call('sql_list_tables'))).toContain('public.accounts')
  expect((await bir('apply', '-f', path)).out).toMatch(/nothing|no change|0 changes/i)
})

/** The blocks of one language in a page of the documentation. */
const examplesIn = (page: string, language: string) =>
  [
    ...readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g')),
  ].map(([, code = '']) => code)

test('the examples of the SDK run as they are printed, under the Node that started the tests', async () => {
  const installed = join(scratch, 'node_modules/@bir/sdk')
  await buildSdk(installed)
  symlinkSync(fileURLToPath(new URL('../../sdk/node_modules', import.meta.url)), join(installed, 'node_modules'))
  const official = fileURLToPath(new URL('../node_modules/@modelcontextprotocol', import.meta.url))
  symlinkSync(official, join(scratch, 'node_modules/@modelcontextprotocol'))
  const token = (await bir('token', 'admin', '--api')).out.trim()
  const { clientId, clientSecret } = JSON.parse((await bir('client', 'create', 'nightly', '--service-account', '--json')).out)
  const personal = (await bir('pat', 'create', 'report', '--user', 'alice')).out.trim()
  const env = {
    ...process.env,
    BIR_URL: gateway.endpoints.control,
    BIR_TOKEN: token,
    BIR_CLIENT_ID: clientId,
    BIR_CLIENT_SECRET: clientSecret,
    BIR_MCP_URL: gateway.endpoints.mcp,
    BIR_MCP_TOKEN: personal,
  }
  const outputs = []
  for (const code of examplesIn('sdk.md', 'js')) {
    const file = join(scratch, 'example.mjs')
    writeFileSync(file, code)
    outputs.push((await promisify(execFile)(process.env['BIR_BOOT_NODE'] ?? process.execPath, [file], { env })).stdout)
  }
  expect(outputs).toEqual([
    expect.stringContaining('sql'),
    expect.stringMatching(/^granted .*\ntaken back\n$/),
    'acting as nightly\n',
    expect.stringMatching(/^may call [1-9]\d* tools\n$/),
  ])
})

test('the examples of the API answer as they are printed', async () => {
  const token = (await bir('token', 'admin', '--api')).out.trim()
  const answers = []
  for (const code of examplesIn('api.md', 'sh')) {
    const [, ask = ''] = code.split(/\n(?=curl)/)
    const script = ask.replace('http://127.0.0.1:8081', gateway.endpoints.control)
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: { ...process.env, TOKEN: token } })
    answers.push(JSON.parse(stdout))
  }
  expect(answers).toEqual([
    { data: { users: expect.objectContaining({ pageInfo: expect.objectContaining({ hasNextPage: true }) }) } },
    { data: { createGrant: expect.objectContaining({ level: 'read' }) } },
  ])
})

test('the audit has all of it, says why it was refused, and its chains are whole', async () => {
  await using client = await as('alice', 'modern')
  await client.call('sql_execute_query', { query: 'select * from salaries -- found again' })
  await expect.poll(async () => (await bir('audit', 'search', '--user', 'alice', '--json')).out).toContain('found again')
  const rows = (await bir('audit', 'search', '--user', 'alice', '--json')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows[0]).toMatchObject({ user: 'alice', server: 'sql', tool: 'execute_query', outcome: 'refused', reason: 'refused_by_policy' })
  expect(await bir('audit', 'verify')).toMatchObject({ code: 0 })
})

test('disabling a person ends every token they hold', async () => {
  await using client = await as('bob', 'modern')
  await client.tools()
  await api().users.setDisabled({ handle: 'bob', disabled: true })
  const access = () =>
    client.tools().then(
      () => 'in',
      () => 'out',
    )
  await expect.poll(access, { timeout: toldWithinMs }).toBe('out')
  await api().users.setDisabled({ handle: 'bob', disabled: false })
})

test('no secret of the embedded parts shows in any answer, record or log', async () => {
  const { readFileSync, readdirSync } = await import('node:fs')
  const secret = readFileSync(join(gateway.home, 'secrets', 'bank-password'), 'utf8').trim()
  // A file that is being written lies beside its name for a moment, and may be gone before it is read.
  const textsIn = (...folder: string[]) =>
    readdirSync(join(gateway.home, ...folder))
      .filter((name) => !name.endsWith('.new'))
      .map((name) => readFileSync(join(gateway.home, ...folder, name), 'utf8'))
  const [spool, logs, policy] = [textsIn('plane', 'spool'), textsIn('logs'), textsIn('plane', 'policy')]
  for (const texts of [spool, logs, policy]) expect(texts).not.toEqual([])
  for (const text of [...spool, ...logs, ...policy, (await bir('export')).out]) expect(text.includes(secret)).toBe(false)
})
