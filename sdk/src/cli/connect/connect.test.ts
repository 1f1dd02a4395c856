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
  ['windsurf', '.codeium/windsurf/mcp_config.json', { mcpServers: { bir: { serverUrl: 'https://gateway.example.com/mcp' } } }],
  ['gemini-cli', '.gemini/settings.json', { mcpServers: { bir: { url: 'https://gateway.example.com/mcp', type: 'http' } } }],
  ['opencode', 'opencode.json', { mcp: { bir: { type: 'remote', url: 'https://gateway.example.com/mcp', enabled: true } } }],
  [
    'cline',
    '.cline/data/settings/cline_mcp_settings.json',
    { mcpServers: { bir: { transport: { type: 'streamableHttp', url: 'https://gateway.example.com/mcp' } } } },
  ],
  ['vscode', '.vscode/mcp.json', { servers: { bir: { type: 'http', url: 'https://gateway.example.com/mcp' } } }],
  ['zed', '.config/zed/settings.json', { context_servers: { bir: { url: 'https://gateway.example.com/mcp' } } }],
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

test.for(['claude-code', 'claude-desktop', 'cline', 'codex', 'cursor', 'gemini-cli', 'goose', 'opencode', 'vscode', 'windsurf', 'zed'])(
  '%s is told how to sign in, and gets no token',
  async (client) => {
    const { out, err } = await bir(['connect', client], { env: { ...elsewhere.env, BIR_MCP_TOKEN: 'a.b.c' } })
    expect(out).toContain('https://gateway.example.com/mcp')
    expect(err).toMatch(/sign|login/i)
    expect(out + err).not.toMatch(/a\.b\.c|a-token|Authorization/)
  },
)

test.for<[platform: string, file: string]>([
  ['darwin', 'Library/Application Support/Claude/claude_desktop_config.json'],
  ['win32', 'AppData/Roaming/Claude/claude_desktop_config.json'],
])("Claude Desktop's file lies where %s keeps it", async ([platform, file]) => {
  await using folder = await aFolder()
  await bir(['connect', 'claude-desktop', '--write'], { ...elsewhere, homeDir: folder.path, platform })
  expect((await stat(join(folder.path, file))).isFile()).toBe(true)
})

test('Codex gets a table of TOML, Continue an item of a list in YAML, and goose an entry of a map', async () => {
  await using folder = await aFolder()
  const around = { ...elsewhere, cwd: folder.path, homeDir: folder.path }
  const toml = '[mcp_servers.bir]\nurl = "https://gateway.example.com/mcp"\n'
  const yaml = 'mcpServers:\n  - name: bir\n    type: streamable-http\n    url: https://gateway.example.com/mcp\n'
  const map =
    'extensions:\n  bir:\n    enabled: true\n    type: streamable_http\n    name: bir\n    description: Bir MCP\n    uri: https://gateway.example.com/mcp\n    timeout: 300\n'
  const begun = 'name: Local Config\nversion: 1.0.0\nschema: v1\n'
  for (const [client, file, text, before] of [
    ['codex', '.codex/config.toml', toml, ''],
    ['continue', '.continue/config.yaml', yaml, begun],
    ['goose', '.config/goose/config.yaml', map, ''],
  ] as const) {
    expect((await bir(['connect', client], around)).out).toBe(text)
    expect((await bir(['connect', client, '--write'], around)).exit).toBe(0)
    expect(await readFile(join(folder.path, file), 'utf8')).toBe(before + text)
    expect((await bir(['connect', client, '--write'], around)).err).toContain('says so already')
  }
})

const environment = { BIR_MCP_TOKEN: 'a.b.c' }
const inFile = { Authorization: 'Bearer a.b.c' }

test.for<[client: string, expected: object]>([
  ['claude-code', { entry: { type: 'http', url: '{mcp}/sql', headers: { Authorization: 'Bearer ${BIR_MCP_TOKEN}' } }, environment }],
  ['cursor', { entry: { url: '{mcp}/sql', headers: { Authorization: 'Bearer ${env:BIR_MCP_TOKEN}' } }, environment }],
  ['windsurf', { entry: { serverUrl: '{mcp}/sql', headers: { Authorization: 'Bearer ${env:BIR_MCP_TOKEN}' } }, environment }],
  ['gemini-cli', { entry: { type: 'http', url: '{mcp}/sql', headers: { Authorization: 'Bearer ${BIR_MCP_TOKEN}' } }, environment }],
  [
    'opencode',
    {
      entry: { type: 'remote', url: '{mcp}/sql', enabled: true, oauth: false, headers: { Authorization: 'Bearer {env:BIR_MCP_TOKEN}' } },
      environment,
    },
  ],
  ['codex', { entry: { url: '{mcp}/sql', bearer_token_env_var: 'BIR_MCP_TOKEN' }, environment }],
  [
    'vscode',
    {
      entry: { type: 'http', url: '{mcp}/sql', headers: { Authorization: 'Bearer ${input:bir-sql-token}' } },
      lists: { inputs: [{ type: 'promptString', id: 'bir-sql-token', description: 'The token of Bir MCP for bir-sql', password: true }] },
    },
  ],
  ['zed', { entry: { url: '{mcp}/sql', headers: inFile } }],
  [
    'goose',
    {
      entry: {
        enabled: true,
        type: 'streamable_http',
        name: 'bir-sql',
        description: 'Bir MCP',
        uri: '{mcp}/sql',
        env_keys: ['BIR_MCP_TOKEN'],
        headers: { Authorization: 'Bearer ${BIR_MCP_TOKEN}' },
        timeout: 300,
      },
      environment,
    },
  ],
  ['cline', { entry: { transport: { type: 'streamableHttp', url: '{mcp}/sql', headers: inFile } } }],
  ['continue', { entry: { name: 'bir-sql', type: 'streamable-http', url: '{mcp}/sql', requestOptions: { headers: inFile } } }],
  [
    'claude-desktop',
    {
      entry: {
        command: 'npx',
        args: ['-y', 'mcp-remote', '{mcp}/sql', '--header', 'Authorization:${BIR_AUTHORIZATION}'],
        env: { BIR_AUTHORIZATION: 'Bearer a.b.c' },
      },
    },
  ],
])('with --user %s gets a token where it can read one, and a warning of its end', async ([client, expected]) => {
  await using home = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': issue })
  await startedIn(home.path, gateway.url)
  const args = ['connect', client, '--user', 'alice', '--server', 'sql']
  const { exit, out, err } = await bir([...args, '--json'], { env: { BIR_HOME: home.path } })
  expect(exit).toBe(0)
  const { client: _c, file, section: _s, ...rest } = JSON.parse(out) as { client: string; file: string; section: string }
  expect(rest).toEqual({ name: 'bir-sql', ...(JSON.parse(JSON.stringify(expected).replace('{mcp}', `${gateway.url}/mcp`)) as object) })
  expect(err).toContain('good until 2026-11-22T17:00:00.000Z (a plane takes it 30 s longer')
  expect(err.includes(`WARNING: the token is in ${file} as readable text`)).toBe(
    JSON.stringify(expected).includes('a.b.c') && !('environment' in expected),
  )
})

test('a token for the environment is printed as a line for the shell, and no file has it', async () => {
  await using home = await aFolder()
  await using folder = await aFolder()
  await using gateway = await standIn({}, { '/oauth/token': issue })
  await startedIn(home.path, gateway.url)
  const around = { env: { BIR_HOME: home.path }, cwd: folder.path, homeDir: folder.path }
  const { out } = await bir(['connect', 'cursor', '--user', 'alice', '--write'], around)
  expect(out).toBe("export BIR_MCP_TOKEN='a.b.c'\n")
  expect((await bir(['connect', 'cursor', '--user', 'alice', '--write'], { ...around, platform: 'win32' })).out).toBe(
    "$env:BIR_MCP_TOKEN = 'a.b.c'\n",
  )
  expect(await readFile(join(folder.path, '.cursor/mcp.json'), 'utf8')).not.toContain('a.b.c')

  await mkdir(join(folder.path, '.vscode'))
  const before = { inputs: [{ id: 'mine' }, { id: 'bir-token', old: true }], servers: {} }
  await writeFile(join(folder.path, '.vscode/mcp.json'), JSON.stringify(before))
  expect((await bir(['connect', 'vscode', '--user', 'alice', '--write'], around)).out).toBe('a.b.c\n')
  const after = await readFile(join(folder.path, '.vscode/mcp.json'), 'utf8')
  expect(after).not.toContain('a.b.c')
  expect(JSON.parse(after)).toMatchObject({ inputs: [{ id: 'mine' }, { id: 'bir-token', password: true }], servers: { bir: {} } })
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
  await mkdir(join(folder.path, '.config', 'Claude'), { recursive: true })
  await symlink(kept, join(folder.path, '.config', 'Claude', 'claude_desktop_config.json'))
  await bir(['connect', 'claude-desktop', '--user', 'alice', '--write'], { env: { BIR_HOME: home.path }, homeDir: folder.path })
  expect(JSON.parse(await readFile(kept, 'utf8'))).toHaveProperty('mcpServers.bir.env.BIR_AUTHORIZATION', 'Bearer a.b.c')
  expect((await stat(kept)).mode & 0o777).toBe(0o600)
})

test.for<[title: string, before: string, after: string | undefined]>([
  [
    'nothing of it',
    'model = "x" # mine\n\n[mcp_servers.git]\ncommand = "git"',
    'model = "x" # mine\n\n[mcp_servers.git]\ncommand = "git"\n\n{table}\n',
  ],
  ['a table of the servers', '[mcp_servers]\n', '[mcp_servers]\n\n{table}\n'],
  ['a server of another name', '[mcp_servers.bir-sql]\nurl = "x"\n', '[mcp_servers.bir-sql]\nurl = "x"\n\n{table}\n'],
  ['another entry of that name', '[mcp_servers.bir]\nurl = "http://old"\n', undefined],
  ['one in quotes', '[ "mcp_servers" . "bir" ]\nurl = "http://old"\n', undefined],
  ['the servers on one line', 'mcp_servers = { git = { command = "git" } }\n', undefined],
  ['dotted keys', 'mcp_servers.git.command = "git"\n', undefined],
  ['the entry on one line of its table', '[mcp_servers]\nbir = { url = "http://old" }\n', undefined],
])('a table is added to TOML that has %s, or the file is left as it is', async ([, before, after]) => {
  await using folder = await aFolder()
  const file = join(folder.path, '.codex', 'config.toml')
  await mkdir(dirname(file))
  await writeFile(file, before)
  const { exit, err } = await bir(['connect', 'codex', '--write'], { ...elsewhere, homeDir: folder.path })
  expect([exit, err.includes('was left as it is')]).toEqual(after === undefined ? [2, true] : [0, false])
  const table = '[mcp_servers.bir]\nurl = "https://gateway.example.com/mcp"'
  expect(await readFile(file, 'utf8')).toBe(after === undefined ? before : after.replace('{table}', table))
})

test('in YAML the entry of that name is replaced, and comments and everything else stay', async () => {
  await using folder = await aFolder()
  const file = join(folder.path, '.continue', 'config.yaml')
  await mkdir(dirname(file))
  const mine = '# mine\nname: Local\nmodels: [] # none yet\nmcpServers:\n  - name: git # keep\n    command: git\n'
  await writeFile(file, `${mine}  - name: bir\n    url: http://old\n`)
  expect((await bir(['connect', 'continue', '--write'], { ...elsewhere, homeDir: folder.path })).exit).toBe(0)
  const entry = '  - name: bir\n    type: streamable-http\n    url: https://gateway.example.com/mcp\n'
  expect(await readFile(file, 'utf8')).toBe(mine + entry)
  await writeFile(file, 'mcpServers: { git: {} }\n')
  expect((await bir(['connect', 'continue', '--write'], { ...elsewhere, homeDir: folder.path })).err).toContain(
    '"mcpServers" in it is not a list',
  )
})

test('in a YAML map the entry of that name is replaced, and comments and everything else stay', async () => {
  await using folder = await aFolder()
  const file = join(folder.path, '.config', 'goose', 'config.yaml')
  await mkdir(dirname(file), { recursive: true })
  const mine = '# mine\nGOOSE_MODEL: x # yet\nextensions:\n  git:\n    enabled: true # keep\n'
  await writeFile(file, `${mine}  bir:\n    uri: http://old\n`)
  const around = { ...elsewhere, homeDir: folder.path }
  expect((await bir(['connect', 'goose', '--write'], around)).exit).toBe(0)
  const after = await readFile(file, 'utf8')
  expect(after.startsWith(`${mine}  bir:\n    enabled: true\n`)).toBe(true)
  expect(after).not.toContain('http://old')
  expect((await bir(['connect', 'goose', '--write'], around)).err).toContain('says so already')
  await writeFile(file, 'extensions: [git]\n')
  expect((await bir(['connect', 'goose', '--write'], around)).err).toContain('"extensions" in it is not an object')
})

test.for<[client: string, text: RegExp]>([
  ['claude.ai', /^https:\/\/gateway\.example\.com\/mcp\n$/],
  ['inspector', /^npx -y @modelcontextprotocol\/inspector .*--server-url https:\/\/gateway\.example\.com\/mcp\n$/],
  ['curl', /^curl .*https:\/\/gateway\.example\.com\/mcp -H "Authorization: Bearer \$BIR_MCP_TOKEN"/],
  ['langchain', /^from langchain_mcp_adapters\.client [^]*URL = "https:\/\/gateway\.example\.com\/mcp"[^]*"auth": auth/],
  ['openai-agents', /^from agents\.mcp [^]*URL = "https:\/\/gateway\.example\.com\/mcp"[^]*"auth": auth/],
])('%s has no file: what to run or paste is alone on stdout, and what to do with it on stderr', async ([client, text]) => {
  const { exit, out, err } = await bir(['connect', client], elsewhere)
  expect(exit).toBe(0)
  expect(out).toMatch(text)
  expect(err.trim()).not.toBe('')
  expect(out).not.toContain('a-token')
  expect((await bir(['connect', client, '--write'], elsewhere)).exit).toBe(2)
})

test('--token brings the token of BIR_MCP_TOKEN, and without one says where it comes from', async () => {
  const env = { ...elsewhere.env, BIR_MCP_TOKEN: 'bir_pat_abc' }
  expect((await bir(['connect', 'curl', '--token'], { env })).out).toMatch(/^export BIR_MCP_TOKEN='bir_pat_abc'\ncurl /)
  expect(JSON.parse((await bir(['connect', 'zed', '--token', '--json'], { env })).out)).toHaveProperty(
    'entry.headers.Authorization',
    'Bearer bir_pat_abc',
  )
  const python = (await bir(['connect', 'langchain', '--token'], { env })).out
  expect(python).toContain("os.environ['BIR_MCP_TOKEN']")

  const without = await bir(['connect', 'curl', '--token'], elsewhere)
  expect([without.exit, without.err.includes('bir pat create')]).toEqual([2, true])
  const broken = await bir(['connect', 'curl', '--token'], { env: { ...env, BIR_MCP_TOKEN: "a'; rm -rf x" } })
  expect([broken.exit, broken.err.includes('holds no token')]).toEqual([2, true])
  expect((await bir(['connect', 'claude.ai', '--token'], { env })).exit).toBe(2)
})

test('a client that cannot sign in is said to need a token', async () => {
  for (const client of ['continue', 'curl']) expect((await bir(['connect', client], elsewhere)).err).toContain('cannot sign in by itself')
})

test('without an address for clients it asks for BIR_MCP_URL', async () => {
  const { exit, err } = await bir(['connect', 'cursor'], { env: { BIR_URL: 'https://gateway.example.com', BIR_TOKEN: 't' } })
  expect([exit, err.includes('BIR_MCP_URL')]).toEqual([2, true])
})
