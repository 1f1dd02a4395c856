import { ServerId } from '@bir/sdk/contract/names'

export interface UriAddress {
  readonly server: string
  readonly uri: string
}

const ofServer = /^mcp\+([a-z0-9-]{1,32}):(.*)$/s
const kept = /^(ui|skill):\/\/(.*)$/s
const ofKept = /^(ui|skill):\/\/([a-z0-9-]{1,32})\/(.*)$/s

/**
 * A URI, or URI template (RFC 6570: what is put before it is literal), of a server as `/mcp` shows it.
 * `ui://` keeps its scheme: hosts of MCP Apps go by it. So does `skill://`: a skill names its other files relative to itself,
 * which only a URI with a path can be resolved against, and lets anything stand before its own name.
 */
export function uriOnAggregate(server: string, uri: string): string {
  const [, scheme, rest] = kept.exec(uri) ?? []
  return scheme === undefined ? `mcp+${server}:${uri}` : `${scheme}://${server}/${rest}`
}

/** Whose a URI of `/mcp` is, and what it is called there; undefined for one that `/mcp` never gave out. */
export function readUri(uri: string): UriAddress | undefined {
  const [, scheme, below, path] = ofKept.exec(uri) ?? []
  const [, other, whole] = ofServer.exec(uri) ?? []
  const server = below ?? other
  const own = scheme === undefined ? whole : `${scheme}://${path}`
  return server === undefined || own === undefined || !ServerId.safeParse(server).success ? undefined : { server, uri: own }
}
