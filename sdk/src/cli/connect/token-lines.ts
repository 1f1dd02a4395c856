import type { Context } from '../base/context.ts'
import { TOKEN_VARIABLE } from './clients/mcp-client.ts'

/** The line for the shell that sets the variable with the token. */
export function variableLine({ environment }: Context, token: string): string {
  return environment.platform === 'win32' ? `$env:${TOKEN_VARIABLE} = '${token}'` : `export ${TOKEN_VARIABLE}='${token}'`
}

/** How long a token is good. */
export const untilText = (expiresAt: string | undefined) =>
  expiresAt === undefined
    ? `The token is the one in ${TOKEN_VARIABLE}.`
    : `The token is good until ${expiresAt} (a plane takes it 30 s longer, as clocks differ); then connect again.`

/** Where a token comes from, for a client that cannot sign in. */
export const needsToken = (title: string) =>
  `${title} cannot sign in by itself, so it needs a token: --token takes the one in ${TOKEN_VARIABLE}, such as "bir pat create" prints; in stage local, --user brings a fresh one.`
