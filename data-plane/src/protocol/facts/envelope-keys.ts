/** `_meta` keys of the modern envelope (MCP 2026-07-28, basic: per-request metadata). */
export const ENVELOPE_KEYS = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  client: 'io.modelcontextprotocol/clientInfo',
  server: 'io.modelcontextprotocol/serverInfo',
} as const
