import { join } from 'node:path'
import type { Environment } from '../base/environment.ts'

/** One server, as a client's configuration names it. */
export interface Endpoint {
  /** The key of its entry, such as `bir` or `bir-sql`. */
  name: string
  url: string
  token: string | undefined
}

type Places = Pick<Environment, 'cwd' | 'homeDir' | 'platform' | 'env'>

/** How one MCP client is configured. */
export interface McpClient {
  title: string
  /** The file lies in the project folder, so it may end up in version control. */
  perProject: boolean
  file(places: Places): string
  section: 'mcpServers' | 'servers'
  entry(endpoint: Endpoint): Record<string, unknown>
  /** The client's own command that adds the entry, where it has one. */
  command?(endpoint: Endpoint): string
  /** The next step for the person, once the file is written. */
  next: string
}

const bearer = (token: string | undefined) => (token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } })

const claudeCode: McpClient = {
  title: 'Claude Code',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.mcp.json'),
  section: 'mcpServers',
  entry: ({ url, token }) => ({ type: 'http', url, ...bearer(token) }),
  command: ({ name, url, token }) =>
    `claude mcp add --transport http ${name} ${url}${token === undefined ? '' : ` --header "Authorization: Bearer ${token}"`}`,
  next: 'Start Claude Code in this folder and approve the server; /mcp shows it.',
}

/**
 * The file of Claude Desktop can only name programs to start, so `mcp-remote` connects to the gateway. Its arguments
 * must hold no space, so the value of the header comes from the environment.
 */
const claudeDesktop: McpClient = {
  title: 'Claude Desktop',
  perProject: false,
  file: (places) => join(claudeDesktopFolder(places), 'claude_desktop_config.json'),
  section: 'mcpServers',
  entry({ url, token }) {
    const args = ['-y', 'mcp-remote', url, ...(needsAllowHttp(url) ? ['--allow-http'] : [])]
    if (token === undefined) return { command: 'npx', args }
    return {
      command: 'npx',
      args: [...args, '--header', 'Authorization:${BIR_AUTHORIZATION}'],
      env: { BIR_AUTHORIZATION: `Bearer ${token}` },
    }
  },
  next: 'Restart Claude Desktop. It starts mcp-remote with npx, which needs Node; a gateway on the internet can be added as a custom connector in its settings instead.',
}

function claudeDesktopFolder({ homeDir, platform, env }: Places): string {
  if (platform === 'darwin') return join(homeDir, 'Library', 'Application Support', 'Claude')
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homeDir, 'AppData', 'Roaming'), 'Claude')
  return join(env['XDG_CONFIG_HOME'] || join(homeDir, '.config'), 'Claude')
}

/** mcp-remote accepts plain HTTP to these two hosts; for any other it needs the flag, for `[::1]` too. */
function needsAllowHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && hostname !== 'localhost' && hostname !== '127.0.0.1'
}

const cursor: McpClient = {
  title: 'Cursor',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.cursor', 'mcp.json'),
  section: 'mcpServers',
  entry: ({ url, token }) => ({ url, ...bearer(token) }),
  next: 'Open this folder in Cursor and switch the server on in its MCP settings.',
}

const vscode: McpClient = {
  title: 'VS Code',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.vscode', 'mcp.json'),
  section: 'servers',
  entry: ({ url, token }) => ({ type: 'http', url, ...bearer(token) }),
  next: 'Open this folder in VS Code and start the server from .vscode/mcp.json or with "MCP: List Servers".',
}

export const MCP_CLIENTS = { 'claude-code': claudeCode, 'claude-desktop': claudeDesktop, cursor, vscode }
export type McpClientId = keyof typeof MCP_CLIENTS

export const clientIds = Object.keys(MCP_CLIENTS) as McpClientId[]
