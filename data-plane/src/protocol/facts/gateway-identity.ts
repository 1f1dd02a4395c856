/** The gateway's `serverInfo` towards clients and its `clientInfo` towards servers. */
export const GATEWAY_IDENTITY = { name: 'bir-mcp', title: 'Bir MCP', version: '0.1.0' }
