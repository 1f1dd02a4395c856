import { durationMs } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { serverId } from '../base/server-id.ts'
import { personToken } from '../base/tokens.ts'
import type { Define } from '../base/verb.ts'

/** `bir token` prints a bearer token to act as one person. */
export const token: Define = (parent, act) => {
  parent
    .command('token')
    .summary('print a token to act as one person (stage local)')
    .description(
      'Prints a bearer token to act as one person, alone on its line. Only beside an embedded gateway: whoever can read its operator key may.',
    )
    .argument('<person>', 'whom to act for, such as alice')
    .option('--ttl <duration>', 'how long it is good for, such as 30m, 8h; a plane takes it 30 s longer, as clocks differ', '8h')
    .option('--server <id>', 'good for this server alone', serverId)
    .option('--api', "good for the control plane's API (GraphQL, tRPC) instead of MCP: what the person may ask and change there")
    .option('--json', '{"token","person","resource","expiresAt"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir token alice\n  curl -H "Authorization: Bearer $(npm run -s bir -- token alice --ttl 10m)" …\n  bir token bob --server sql --json\n  BIR_URL=http://127.0.0.1:8081 BIR_TOKEN=$(npm run -s bir -- token alice --api) npm run -s bir -- explain --user alice --server sql --tool execute_query',
    )
    .action(
      act<[string, { ttl: string; server?: string; api?: true; json?: true }]>(async (context, person, { ttl, server, api, json }) => {
        if (api && server !== undefined) throw badUsage('A token is good for the API or for a server: leave out --api or --server.')
        const ttlMs = durationMs(ttl)
        const purpose = api ? 'api' : { server }
        const personal = await personToken(await context.gateway(), { person, purpose, ttlMs, nowMs: context.environment.nowMs() })
        if (!json) context.print(personal.token)
        if (json) context.printJson({ person, ...personal })
        return EXIT.ok
      }),
    )
}
