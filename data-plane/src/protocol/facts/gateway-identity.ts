/** How the gateway calls itself, to clients as a server and to servers as a client. */
export const GATEWAY_IDENTITY = { name: 'bir-mcp', title: 'Bir MCP', version: '0.1.0' }
