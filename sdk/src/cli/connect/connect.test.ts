import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { standIn } from '../../testing.ts'
import { aFolder, at, bir, startedIn } from '../testing.ts'

const elsewhere = at('https://gateway.example.com')
const issue = () => ({ status: 200, body: { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 28_800 } })

test.for<[client: string, file: string, entry: unknown]>([
  ['claude-code', '.mcp.json', { mcpServers: { bir: { type: 'http', url: 'https://gateway.example.com/mcp' } } }],
  ['cursor', '.cursor/mcp.json', { mcpServers: { bir: { url: 'https://gateway.example.com/mcp' } } }],
  ['vscode', '.vscode/mcp.json', { servers: { bir: { type: 'http', url: 'https://gateway.example.com/mcp' } } }],
  [
    'claude-desktop',
    '.config/Claude/claude_desktop_config.json',
    { mcpServers: { bir: { command: 'npx', args: ['-y', 'mcp-remote', 'https://gateway.example.com/mcp'] } } },
  ],
])('%s gets the address of the gateway, in its own file and format', async ([client, file, content]) => {
  await using folder = await aFolder()
  const around = { ...elsewhere, cwd: folder.path, homeDir: folder.path }
  const printed = await bir(['connect', client], around)
  expect(printed.exit).toBe(0)
  expect(printed.out).toContain(JSON.stringify(content, undefined, 2))
  expect(printed.err).toContain(join(folder.path, file))
  expect(await readdir(folder.path)).toEqual([])

  expect((await bir(['connect', client, '--write'], around)).exit).toBe(0)
  expect(JSON.parse(await readFile(join(folder.path, file), 'utf8'))).toEqual(content)
})

test.for<[platform: string, file: string]>([
  ['darwin', 'Library/Application Support/Claude/claude_desktop_config.json'],
  ['win32', 'AppData/Roaming/Claude/claude_desktop_config.json'],
])("Claude Desktop's file lies where %s keeps it", async ([platform, file]) => {
  await using folder = await aFolder()
  await bir(['connect', 'claude-desktop', '--write'], { ...elsewhere, homeDir: folder.path, platform })
  expect((await stat(join(folder.path, file))).isFile()).toBe(true)
})

test.for<[client: string, expected: unknown]>([
  ['claude-code', { type: 'http', url: '{mcp}/sql', headers: { Authorization: 'Bearer a.b.c' } }],
  ['cursor', { url: '{mcp}/sql', headers: { Authorization: 'Bearer a.b.c' } }],
  ['vscode', { type: 'http', url: '{mcp}/sql', headers: { Authorization: 'Bearer a.b.c' } }],
  [
    'claude-desktop',
    {
      command: 'npx',
      args: ['-y', 'mcp-remote', '{mcp}/sql', '--header', 'Authorization:${BIR_AUTHORIZATION}'],
      env: { BIR_AUTHORIZATION: 'Bearer a.b.c' },
    },
  ],
])('with --user %s gets a token and a warning of its end', async ([client, expected]) => {
  await using home = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': issue })
  await startedIn(home.path, gateway.url)
  const { exit, out, err } = await bir(['connect', client, '--user', 'alice', '--server', 'sql', '--json'], {
    env: { BIR_HOME: home.path },
  })
  expect(exit).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    name: 'bir-sql',
    entry: JSON.parse(JSON.stringify(expected).replace('{mcp}', `${gateway.url}/mcp`)) as unknown,
  })
  expect(err).toContain('good until 2026-11-22T17:00:00.000Z')
})

test('Claude Code is offered its own command too', async () => {
  await using home = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': issue })
  await startedIn(home.path, gateway.url)
  const { out } = await bir(['connect', 'claude-code', '--user', 'alice'], { env: { BIR_HOME: home.path } })
  expect(out).toContain(`claude mcp add --transport http bir ${gateway.url}/mcp --header "Authorization: Bearer a.b.c"\n`)
})

test('everything else in the file stays, in its order and indentation, and a backup of the file is kept', async () => {
  await using folder = await aFolder()
  const file = join(folder.path, '.mcp.json')
  const before =
    '{\n    "theme": "dark",\n    "mcpServers": {\n        "git": { "command": "git-mcp" },\n        "bir": { "url": "http://old" }\n    },\n    "z": [1]\n}\n'
  await writeFile(file, before)
  const around = { ...elsewhere, cwd: folder.path }
  expect((await bir(['connect', 'claude-code', '--write'], around)).exit).toBe(0)

  const after = await readFile(file, 'utf8')
  expect(JSON.parse(after)).toEqual({
    theme: 'dark',
    mcpServers: { git: { command: 'git-mcp' }, bir: { type: 'http', url: 'https://gateway.example.com/mcp' } },
    z: [1],
  })
  expect(after.startsWith('{\n    "theme"')).toBe(true)
  const [backup = ''] = (await readdir(folder.path)).filter((name) => name.includes('backup'))
  expect(await readFile(join(folder.path, backup), 'utf8')).toBe(before)

  const again = await bir(['connect', 'claude-code', '--write'], around)
  expect(again.err).toContain('says so already')
  expect(await readdir(folder.path)).toHaveLength(2)
})

test.for<[title: string, content: string]>([
  ['a comma too many', '{ "servers": {}, }'],
  ['a comment', '{ // mine\n "servers": {} }'],
  ['a list', '[]'],
  ['a section that is no object', '{ "servers": [] }'],
])('a file with %s is refused and not changed', async ([, content]) => {
  await using folder = await aFolder()
  const file = join(folder.path, '.vscode', 'mcp.json')
  await mkdir(dirname(file))
  await writeFile(file, content)
  const { exit, err } = await bir(['connect', 'vscode', '--write'], { ...elsewhere, cwd: folder.path })
  expect([exit, err.includes('was left as it is')]).toEqual([2, true])
  expect(await readFile(file, 'utf8')).toBe(content)
  expect(await readdir(dirname(file))).toEqual(['mcp.json'])
})

test('a file that holds a token is readable by its owner alone, and a link to a file stays a link', async () => {
  await using home = await aFolder()
  await using folder = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': issue })
  await startedIn(home.path, gateway.url)
  const kept = join(folder.path, 'dotfiles.json')
  await writeFile(kept, '{}')
  await chmod(kept, 0o644)
  await symlink(kept, join(folder.path, '.mcp.json'))
  await bir(['connect', 'claude-code', '--user', 'alice', '--write'], { env: { BIR_HOME: home.path }, cwd: folder.path })
  expect(JSON.parse(await readFile(kept, 'utf8'))).toHaveProperty('mcpServers.bir.headers.Authorization', 'Bearer a.b.c')
  expect((await stat(kept)).mode & 0o777).toBe(0o600)
})

test('without an address for clients it asks for BIR_MCP_URL', async () => {
  const { exit, err } = await bir(['connect', 'cursor'], { env: { BIR_URL: 'https://gateway.example.com', BIR_TOKEN: 't' } })
  expect([exit, err.includes('BIR_MCP_URL')]).toEqual([2, true])
})
