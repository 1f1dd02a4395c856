import { Command } from 'commander'
import { apply } from './policy/apply.ts'
import { audit } from './audit/audit.ts'
import { connect } from './connect/connect.ts'
import { explain } from './policy/explain.ts'
import { exportPolicy } from './policy/export.ts'
import { plan } from './policy/plan.ts'
import { plane } from './plane/plane.ts'
import { revoke } from './user/revoke.ts'
import { server } from './server/server.ts'
import { snapshotStatus } from './plane/snapshot-status.ts'
import type { Environment } from './base/environment.ts'
import { token } from './user/token.ts'
import { user } from './user/user.ts'
import type { Act } from './base/verb.ts'

const verbs = [token, connect, plan, apply, exportPolicy, explain, server, user, revoke, audit, snapshotStatus, plane]

const helpFooter = `
It speaks to the gateway that "npm start" runs here (its state in BIR_HOME), or, with
BIR_URL and BIR_TOKEN (or BIR_TOKEN_FILE), to the control plane of another.

Examples:
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
     found something that waits, server health --exit-code one that is not up`

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
