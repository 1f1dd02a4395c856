/** A gateway that has servers behind it, and a person who may use all of them. */
export interface TestedGateway extends AsyncDisposable {
  /** The endpoint of one server, names and URIs untouched. */
  url(server: string): URL
  token: string
  /** The origin that its own pages have. */
  origin: string
  /** What it says went wrong inside, as far as that can be asked. */
  faults(): string[]
}

/** A remote server by the id it gets. Its tools are named, since a policy that was set by hand knows only what it is told. */
export type Remotes = Record<string, { url: string; tools: readonly string[] }>
