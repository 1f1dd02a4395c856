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
  signIn: (name) => `Sign in with "codex mcp login ${name}".`,
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
  signIn: (name) => `Sign in from Gemini CLI with "/mcp auth ${name}".`,
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
    // Otherwise it answers a refused token with a sign-in of its own.
    ...(endpoint.token !== undefined && { oauth: false }),
    ...bearer(endpoint, `{env:${TOKEN_VARIABLE}}`),
  }),
  next: 'Start opencode in this folder; "opencode mcp list" shows the server.',
  signIn: (name) => `Sign in with "opencode mcp auth ${name}".`,
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
  signIn: () => 'Sign in with "cline mcp", "Authorize OAuth"; in the editor, with "Authenticate" beside the server.',
}

export const goose: McpClient = {
  title: 'goose',
  perProject: false,
  file: ({ homeDir, platform, env }) =>
    platform === 'win32'
      ? join(env['APPDATA'] ?? join(homeDir, 'AppData', 'Roaming'), 'Block', 'goose', 'config', 'config.yaml')
      : join(env['XDG_CONFIG_HOME'] || join(homeDir, '.config'), 'goose', 'config.yaml'),
  format: 'yaml-map',
  section: 'extensions',
  tokenFrom: 'environment',
  entry: (endpoint) => ({
    enabled: true,
    type: 'streamable_http',
    name: endpoint.name,
    description: 'Bir MCP',
    uri: endpoint.url,
    ...(endpoint.token !== undefined && { env_keys: [TOKEN_VARIABLE] }),
    ...bearer(endpoint, `\${${TOKEN_VARIABLE}}`),
    timeout: 300,
  }),
  next: 'Start goose anew.',
  signIn: () => 'goose opens a browser to sign in when it first uses the server.',
}
