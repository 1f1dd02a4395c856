import { Command } from 'commander'
import { apply } from './policy/apply.ts'
import { audit } from './audit/audit.ts'
import { client } from './client/client.ts'
import { connect } from './connect/connect.ts'
import { explain } from './policy/explain.ts'
import { login } from './login/login.ts'
import { logout } from './login/logout.ts'
import { whoami } from './login/whoami.ts'
import { exportPolicy } from './policy/export.ts'
import { pat } from './pat/pat.ts'
import { plan } from './policy/plan.ts'
import { plane } from './plane/plane.ts'
import { provider } from './provider/provider.ts'
import { revoke } from './user/revoke.ts'
import { secret } from './secret/secret.ts'
import { session } from './session/session.ts'
import { server } from './server/server.ts'
import { snapshotStatus } from './plane/snapshot-status.ts'
import type { Environment } from './base/environment.ts'
import { token } from './user/token.ts'
import { user } from './user/user.ts'
import type { Act } from './base/verb.ts'

const verbs = [
  login,
  logout,
  whoami,
  token,
  connect,
  plan,
  apply,
  exportPolicy,
  explain,
  server,
  provider,
  user,
  client,
  pat,
  secret,
  session,
  revoke,
  audit,
  snapshotStatus,
  plane,
]

const helpFooter = `
It speaks to the gateway that "npm start" runs here (its state in BIR_HOME), or to the
control plane that BIR_URL names. It acts as the first of these that there is: the owner of
BIR_TOKEN (or BIR_TOKEN_FILE), the service account of BIR_CLIENT_ID and BIR_CLIENT_SECRET
(or BIR_CLIENT_SECRET_FILE), who signed in with "bir login", the operator of this machine's
gateway. The first two need BIR_URL. "bir whoami" says who it is.

Examples:
  bir login --url https://gateway.example.com      sign in at a gateway
  bir token alice                                  a token to try the gateway with
  bir connect claude-code --user alice             an MCP client's configuration
  bir plan -f bir.yaml                             who would gain or lose what
  bir apply -f bir.yaml                            make it so
  bir explain --user dave --server sql --tool execute_query
  bir audit search --user alice --since 1h

Exit codes:
  0  done    1  the gateway is away, refused or failed    2  wrong usage or input
  3  it worked and the answer is no: explain refused, plan --exit-code differs,
     audit verify found a fault, a plane lags behind, server definitions --exit-code
     found something that waits, server health --exit-code one that is not up,
     a secret is not good`

/** The whole command line. Each verb is declared in a file of its own. */
export function programOf(environment: Environment, act: Act): Command {
  const program = new Command('bir')
    .description('Operate a Bir MCP gateway: who may do what, who did what, and how clients connect.')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.out(text),
      writeErr: (text) => environment.err(text),
      outputError: () => undefined,
      getOutHelpWidth: () => environment.terminal?.columns ?? 100,
      getErrHelpWidth: () => environment.terminal?.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', helpFooter)
  for (const define of verbs) define(program, act)
  return program
}
