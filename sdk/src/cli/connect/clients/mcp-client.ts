import type { Environment } from '../../base/environment.ts'

/** One server, as a client's configuration names it. */
export interface Endpoint {
  /** The key of its entry, such as `bir` or `bir-sql`. */
  name: string
  url: string
  token: string | undefined
}

export type Entry = Record<string, unknown>
export type Places = Pick<Environment, 'cwd' | 'homeDir' | 'platform' | 'env'>

/** The environment variable that a client reads the token from, where it can. */
export const TOKEN_VARIABLE = 'BIR_MCP_TOKEN'

/** An MCP client that is configured by a file. */
export interface McpClient {
  title: string
  /** The file lies in the project folder, so it may end up in version control. */
  perProject: boolean
  file(places: Places): string
  format: 'json' | 'toml' | 'yaml' | 'yaml-map'
  /** Where in the file servers are: an object by their names; in the format `yaml`, a list. */
  section: string
  entry(endpoint: Endpoint): Entry
  /** Members that the client requires of its file, and a new one is written with. */
  newFile?: Entry
  /** What else the file needs, by its key: a list whose items have an `id`. */
  lists?(endpoint: Endpoint): Record<string, Entry[]>
  /**
   * Where the client has the token from. `environment`: the file names TOKEN_VARIABLE. `question`: the client asks the
   * person and keeps it. `file`: it knows no other way.
   */
  tokenFrom: 'environment' | 'question' | 'file'
  /** The client's own command that adds the entry, where it has one. */
  command?(endpoint: Endpoint): string
  /** The next step for the person, once the file is written. */
  next: string
  /** How a person signs in at the gateway from this client. Undefined: it cannot, so it needs a token. */
  signIn?(name: string): string
}

/** The member `headers` of an entry; nothing without a token. `value` is what the file says in the token's place. */
export const bearer = ({ token }: Endpoint, value = token) => (token === undefined ? {} : { headers: { Authorization: `Bearer ${value}` } })
