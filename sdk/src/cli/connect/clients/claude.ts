import { join } from 'node:path'
import { bearer, TOKEN_VARIABLE } from './mcp-client.ts'
import type { McpClient, Places } from './mcp-client.ts'

export const claudeCode: McpClient = {
  title: 'Claude Code',
  perProject: true,
  file: ({ cwd }) => join(cwd, '.mcp.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'environment',
  entry: (endpoint) => ({ type: 'http', url: endpoint.url, ...bearer(endpoint, `\${${TOKEN_VARIABLE}}`) }),
  command: ({ name, url, token }) =>
    `claude mcp add --transport http ${name} ${url}${token === undefined ? '' : ` --header "Authorization: Bearer ${token}"`}`,
  next: 'Start Claude Code in this folder and approve the server; /mcp shows it.',
  signIn: (name) => `Claude Code signs in from /mcp, or with "claude mcp login ${name}".`,
}

/**
 * The file of Claude Desktop can only name programs to start, so `mcp-remote` connects to the gateway. Its arguments
 * must hold no space, so the value of the header comes from the environment.
 */
export const claudeDesktop: McpClient = {
  title: 'Claude Desktop',
  perProject: false,
  file: (places) => join(claudeDesktopFolder(places), 'claude_desktop_config.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'file',
  entry({ url, token }) {
    const args = ['-y', 'mcp-remote', url, ...(needsAllowHttp(url) ? ['--allow-http'] : [])]
    if (token === undefined) return { command: 'npx', args }
    return {
      command: 'npx',
      args: [...args, '--header', 'Authorization:${BIR_AUTHORIZATION}'],
      env: { BIR_AUTHORIZATION: `Bearer ${token}` },
    }
  },
  next: 'Restart Claude Desktop. It starts mcp-remote with npx, which needs Node; a gateway on the internet can be added as a custom connector in its settings instead (bir connect claude.ai).',
  signIn: () => 'mcp-remote opens a browser to sign in as soon as Claude Desktop starts it.',
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
