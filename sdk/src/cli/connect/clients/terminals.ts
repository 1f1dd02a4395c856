import { join } from 'node:path'
import { bearer, TOKEN_VARIABLE } from './mcp-client.ts'
import type { McpClient } from './mcp-client.ts'

export const codex: McpClient = {
  title: 'Codex',
  perProject: false,
  file: ({ homeDir, env }) => join(env['CODEX_HOME'] || join(homeDir, '.codex'), 'config.toml'),
  format: 'toml',
  section: 'mcp_servers',
  tokenFrom: 'environment',
  entry: ({ url, token }) => ({ url, ...(token !== undefined && { bearer_token_env_var: TOKEN_VARIABLE }) }),
  next: 'Start Codex; /mcp shows the server.',
}

export const geminiCli: McpClient = {
  title: 'Gemini CLI',
  perProject: false,
  file: ({ homeDir }) => join(homeDir, '.gemini', 'settings.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'environment',
  entry: (endpoint) => ({ url: endpoint.url, type: 'http', ...bearer(endpoint, `\${${TOKEN_VARIABLE}}`) }),
  command: ({ name, url, token }) =>
    `gemini mcp add --transport http --scope user ${token === undefined ? '' : `--header 'Authorization: Bearer \${${TOKEN_VARIABLE}}' `}${name} ${url}`,
  next: 'Start Gemini CLI; /mcp shows the server.',
}

export const opencode: McpClient = {
  title: 'opencode',
  perProject: true,
  file: ({ cwd }) => join(cwd, 'opencode.json'),
  format: 'json',
  section: 'mcp',
  tokenFrom: 'environment',
  entry: (endpoint) => ({
    type: 'remote',
    url: endpoint.url,
    enabled: true,
    oauth: false, // otherwise it answers a refused token with a sign-in of its own
    ...bearer(endpoint, `{env:${TOKEN_VARIABLE}}`),
  }),
  next: 'Start opencode in this folder; "opencode mcp list" shows the server.',
}

export const cline: McpClient = {
  title: 'Cline',
  perProject: false,
  file: ({ homeDir }) => join(homeDir, '.cline', 'data', 'settings', 'cline_mcp_settings.json'),
  format: 'json',
  section: 'mcpServers',
  tokenFrom: 'file',
  entry: (endpoint) => ({ transport: { type: 'streamableHttp', url: endpoint.url, ...bearer(endpoint) } }),
  command: ({ name, url, token }) =>
    `cline mcp add ${name} ${url} --transport http${token === undefined ? '' : ` --header "Authorization: Bearer ${token}"`} --yes`,
  next: 'Start Cline anew.',
}
