import { hostInUrl, LOOPBACK_HOSTS } from '../../../contract/loopback.ts'
import type { Guide } from './guide.ts'
import { TOKEN_VARIABLE } from './mcp-client.ts'

export const claudeAi: Guide = {
  title: 'claude.ai',
  token: 'never',
  text: ({ url }) => url,
  steps: ({ name, url }) => [
    'In claude.ai, open Settings, Connectors, "Add custom connector" (in a Team or Enterprise plan an owner adds it, under the settings of the organisation).',
    `Name it ${name}, paste the address above, leave the advanced settings empty, and press "Add", then "Connect": claude.ai leads you to the sign-in of the gateway.`,
    ...(isLocal(url) ? ['claude.ai connects from the internet: it cannot reach an address of this machine.'] : []),
  ],
}

export const inspector: Guide = {
  title: 'The MCP Inspector',
  token: 'optional',
  text: ({ url, token }) =>
    `npx -y @modelcontextprotocol/inspector --web --transport http --server-url ${url}${token === undefined ? '' : ` --header "Authorization: Bearer $${TOKEN_VARIABLE}"`}`,
  steps: ({ token }) => [
    `Run the line above; it needs Node. Press "Connect" in the page${token === undefined ? ': it signs in by itself' : ''}. With --cli instead of --web it lists and calls tools in the terminal.`,
  ],
}

const listTools =
  '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

export const curl: Guide = {
  title: 'curl',
  token: 'always',
  text: ({ url }) =>
    `curl -sS ${url} -H "Authorization: Bearer $${TOKEN_VARIABLE}" -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list' -d '${listTools}'`,
  steps: () => ['The line lists the tools.'],
}

const isLocal = (url: string) => LOOPBACK_HOSTS.some((host) => hostInUrl(host) === new URL(url).hostname)
