import { durationMs } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'

interface Flags {
  server?: string[]
  ttl: string
  network?: string[]
  user?: string
  json?: true
}

/** `bir pat create` makes a personal access token and prints it, alone on its line, for the only time. */
export const patCreate: Define = (parent, act) => {
  parent
    .command('create')
    .summary('make a token, and print it for the only time')
    .description(
      'Makes a personal access token for MCP, and prints it alone on its line. The gateway keeps only a hash of it: nobody can read it again.',
    )
    .argument('<name>', 'what it is for, such as nightly-report')
    .option(
      '--server <id>',
      'good for this server alone, at its own address /mcp/<id>; may be repeated',
      (text, former: string[] | undefined) => [...(former ?? []), serverId(text)],
    )
    .option('--ttl <duration>', 'how long it is good for, at most 365d', '30d')
    .option(
      '--network <cidr>',
      'good from this network alone, such as 192.0.2.0/24; may be repeated',
      (text, former: string[] | undefined) => [...(former ?? []), text],
    )
    .option('--user <handle>', 'for this person (only the operator of stage local)')
    .option('--json', '{"id","token","user","name","servers","networks","until"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir pat create nightly --server sql --ttl 30d\n  bir pat create ci --network 192.0.2.0/24 --json | jq -r .token\n  export BIR_MCP_TOKEN=$(bir pat create laptop)',
    )
    .action(
      act<[string, Flags]>(async (context, name, { server, ttl, network, user, json }) => {
        const until = new Date(context.environment.nowMs() + durationMs(ttl)).toISOString()
        const { client } = await context.gateway()
        const made = await client.personalTokens.create({
          name,
          until,
          ...(server && { servers: server }),
          ...(network && { networks: network }),
          ...(user !== undefined && { user }),
        })
        if (json) {
          context.printJson(made)
          return EXIT.ok
        }
        context.print(made.token)
        context.note(
          `It is ${made.user}'s, good until ${made.until}${placesOf(made)}. It is shown only now: keep it where you keep passwords.`,
        )
        context.note(`"bir pat revoke ${made.id}" voids it.`)
        return EXIT.ok
      }),
    )
}

function placesOf({ servers, networks }: { servers: readonly string[] | null; networks: readonly string[] | null }): string {
  const at = servers ? `, at ${servers.map((id) => `/mcp/${id}`).join(' and ')} alone` : ''
  return `${at}${networks ? `, from ${networks.join(' and ')} alone` : ''}`
}
