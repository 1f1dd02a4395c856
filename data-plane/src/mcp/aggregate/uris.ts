import { ServerId } from '@bir/sdk/contract/names'

export interface UriAddress {
  readonly server: string
  readonly uri: string
}

const ui = 'ui://'
const ofServer = /^mcp\+([a-z0-9-]{1,32}):(.*)$/s
const ofApp = /^ui:\/\/([a-z0-9-]{1,32})\/(.*)$/s

/**
 * A URI, or URI template (RFC 6570: what is put before it is literal), of a server as `/mcp` shows it.
 * `ui://` keeps its scheme: hosts of MCP Apps go by it.
 */
export function uriOnAggregate(server: string, uri: string): string {
  return uri.startsWith(ui) ? `${ui}${server}/${uri.slice(ui.length)}` : `mcp+${server}:${uri}`
}

/** Whose a URI of `/mcp` is, and what it is called there; undefined for one that `/mcp` never gave out. */
export function readUri(uri: string): UriAddress | undefined {
  const [, server, rest] = ofServer.exec(uri) ?? ofApp.exec(uri) ?? []
  if (server === undefined || rest === undefined || !ServerId.safeParse(server).success) return undefined
  return { server, uri: uri.startsWith(ui) ? ui + rest : rest }
}
