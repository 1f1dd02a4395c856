import { ServerId } from '@bir/sdk/contract/names'

export interface UriAddress {
  readonly server: string
  readonly uri: string
}

const prefixedUri = /^mcp\+([a-z0-9-]{1,32}):(.*)$/s
const schemeToKeep = /^(ui|skill):\/\/(.*)$/s
const uriWithKeptScheme = /^(ui|skill):\/\/([a-z0-9-]{1,32})\/(.*)$/s

/**
 * The URI on `/mcp` of a server's URI, or URI template (RFC 6570: a prefix is literal).
 * `ui://` keeps its scheme, because hosts of MCP Apps recognise views by it. `skill://` keeps it too: a skill names its
 * files relative to its own URI, so that must have a path. The server is put before the skill's own path.
 */
export function uriOnAggregate(server: string, uri: string): string {
  const [, scheme, rest] = schemeToKeep.exec(uri) ?? []
  return scheme === undefined ? `mcp+${server}:${uri}` : `${scheme}://${server}/${rest}`
}

/** Reads the server and its own URI from a URI of `/mcp`; undefined when it is none. */
export function readUri(uri: string): UriAddress | undefined {
  const [, scheme, serverInPath, path] = uriWithKeptScheme.exec(uri) ?? []
  const [, serverInPrefix, uriBehindPrefix] = prefixedUri.exec(uri) ?? []
  const server = serverInPath ?? serverInPrefix
  const ownUri = scheme === undefined ? uriBehindPrefix : `${scheme}://${path}`
  return server === undefined || ownUri === undefined || !ServerId.safeParse(server).success ? undefined : { server, uri: ownUri }
}
