/** A gateway with servers behind it, and a person who may use all of them. */
export interface TestedGateway extends AsyncDisposable {
  /** The endpoint of one server. Names and URIs are not changed there. */
  url(server: string): URL
  /** The person's token. */
  token: string
  /** The origin of the gateway's own pages. */
  origin: string
  /** Internal errors of the gateway, as far as they are known. */
  faults(): string[]
}

/**
 * Remote servers by their ids. `tools` lists their tools, because a policy of the test has no other source for them.
 */
export type Remotes = Record<string, { url: string; tools: readonly string[] }>
