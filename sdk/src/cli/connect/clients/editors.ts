import { join } from 'node:path'
import { bearer, TOKEN_VARIABLE } from './mcp-client.ts'
import type { McpClient } from './mcp-client.ts'

/** Cursor and Windsurf put the value of a variable in the place of this. */
const variable = `\${env:${TOKEN_VARIABLE}}`

export const cursor: McpClient = {
  title: 'Cursor',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.cursor', 'mcp.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'environment',
  entry: (endpoint) => ({ url: endpoint.url, ...bearer(endpoint, variable) }),
  next: 'Open this folder in Cursor and switch the server on in its MCP settings.',
  signIn: () => 'Cursor shows "Needs login" beside the server: press it to sign in.',
}

export const windsurf: McpClient = {
  title: 'Windsurf',
  perProject: false,
  file: ({ homeDir }) => join(homeDir, '.codeium', 'windsurf', 'mcp_config.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'environment',
  entry: (endpoint) => ({ serverUrl: endpoint.url, ...bearer(endpoint, variable) }),
  next: 'Refresh the MCP servers in the settings of Windsurf.',
  signIn: () => 'Windsurf opens a browser to sign in when it first uses the server.',
}

/** Its servers share one question: a token for everything is good for each of them. */
const inputOf = (name: string) => `${name}-token`

export const vscode: McpClient = {
  title: 'VS Code',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.vscode', 'mcp.json'),
  format: 'json',
  section: 'servers',
  tokenFrom: 'question',
  entry: (endpoint) => ({ type: 'http', url: endpoint.url, ...bearer(endpoint, `\${input:${inputOf(endpoint.name)}}`) }),
  lists: ({ name, token }) =>
    token === undefined
      ? {}
      : { inputs: [{ type: 'promptString', id: inputOf(name), description: `The token of Bir MCP for ${name}`, password: true }] },
  next: 'Open this folder in VS Code and start the server from .vscode/mcp.json or with "MCP: List Servers".',
  signIn: () => 'VS Code asks whether the server may sign in, and opens a browser.',
}

export const continueDev: McpClient = {
  title: 'Continue',
  perProject: false,
  file: ({ homeDir }) => join(homeDir, '.continue', 'config.yaml'),
  format: 'yaml',
  section: 'mcpServers',
  tokenFrom: 'file',
  entry(endpoint) {
    const { headers } = bearer(endpoint)
    return { name: endpoint.name, type: 'streamable-http', url: endpoint.url, ...(headers && { requestOptions: { headers } }) }
  },
  // Continue refuses a file without these.
  newFile: { name: 'Local Config', version: '1.0.0', schema: 'v1' },
  next: 'Start Continue anew, in agent mode.',
}

export const zed: McpClient = {
  title: 'Zed',
  perProject: false,
  file: ({ homeDir, platform, env }) =>
    platform === 'win32'
      ? join(env['APPDATA'] ?? join(homeDir, 'AppData', 'Roaming'), 'Zed', 'settings.json')
      : join((platform === 'linux' && env['XDG_CONFIG_HOME']) || join(homeDir, '.config'), 'zed', 'settings.json'),
  format: 'json',
  section: 'context_servers',
  tokenFrom: 'file',
  entry: (endpoint) => ({ url: endpoint.url, ...bearer(endpoint) }),
  next: 'Look at the server in the settings of Zed, under AI, MCP Servers.',
  signIn: () => 'Zed opens a browser to sign in.',
}
