import { durationMs } from './duration.ts'
import { EXIT } from './exit.ts'
import { serverId } from './server-id.ts'
import { personToken } from './tokens.ts'
import type { Define } from './verb.ts'

/** `bir token`: a bearer token to try the gateway as somebody. */
export const token: Define = (parent, act) => {
  parent
    .command('token')
    .summary('print a token to act as one person (stage local)')
    .description(
      'Prints a bearer token to act as one person, alone on its line. Only beside an embedded gateway: whoever can read its operator key may.',
    )
    .argument('<person>', 'whom to act for, such as alice')
    .option('--ttl <duration>', 'how long it is good for, such as 30m, 8h', '8h')
    .option('--server <id>', 'good for this server alone', serverId)
    .option('--json', '{"token","person","resource","expiresAt"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir token alice\n  curl -H "Authorization: Bearer $(npm run -s bir -- token alice --ttl 10m)" …\n  bir token bob --server sql --json',
    )
    .action(
      act<[string, { ttl: string; server?: string; json?: true }]>(async (context, person, { ttl, server, json }) => {
        const ttlMs = durationMs(ttl)
        const given = await personToken(await context.gateway(), { person, server, ttlMs, nowMs: context.around.nowMs() })
        if (!json) context.say(given.token)
        if (json) context.json({ person, ...given })
        return EXIT.ok
      }),
    )
}
