import type { Endpoint } from './mcp-client.ts'

/** A client that no file configures: a person follows steps, runs a command, or pastes a program. */
export interface Guide {
  title: string
  /** What to run or to paste. It never holds the token: it names TOKEN_VARIABLE. */
  text(endpoint: Endpoint): string
  /** What to do with the text, and what else, in sentences. */
  steps(endpoint: Endpoint): readonly string[]
  /** never: it signs in by itself and takes no token. always: it cannot sign in. */
  token: 'never' | 'optional' | 'always'
}
