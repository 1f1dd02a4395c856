import { randomBytes } from 'node:crypto'

const version = '2026-07-28'
const meta = { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': {} }

/** A text that makes a call of about 250 bytes. */
export const echoText = `bench ${randomBytes(30).toString('hex')}`

export interface McpCall {
  headers: Record<string, string>
  body: string
}

export const toolCall = (token: string, tool: string, args: object): McpCall =>
  mcpCall(token, 'tools/call', { name: tool, arguments: args }, { 'mcp-name': tool })

export function mcpCall(token: string, method: string, params: object, headers: Record<string, string> = {}): McpCall {
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: meta, ...params } }),
  }
}

/** The call as an HTTP/1.1 request for a connection that stays open. */
export function httpRequestText(url: URL, { headers, body }: McpCall): string {
  const lines = Object.entries({ host: url.host, ...headers, 'content-length': Buffer.byteLength(body) })
  return `POST ${url.pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`
}
