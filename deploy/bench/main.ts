import { parseArgs } from 'node:util'

const benches = {
  relay: 'A remote tool through the gateway, beside a plain forwarder, an SDK proxy and nginx (about three minutes).',
  streams: 'Ten thousand open listen streams on one data plane: memory, and how long a change takes to reach all (about a minute).',
  lists: 'tools/list over forty remote servers, and with two dead and one hanging among them (about a minute).',
  long: 'Answers of 14 MB: the longest turn of the event loop, beside JSON.parse of the same text (half a minute).',
  mounted:
    'A mounted tool through the whole pipeline, and what a secret of its person adds, against a bare node:http echo in the same run (four minutes).',
  sql: 'The SQL guard with open and with closed columns, and the plans of what it sends, beside EXPLAIN (half a minute).',
  grant: 'How long a changed grant takes until it is enforced, through real calls (about a minute).',
  leaver: 'How long a person who was disabled is still served by three data planes (about a minute).',
  soak: 'The whole product under mixed load with faults: memory, lost records, refusals that explain nothing (half an hour).',
  token: 'Who calls: verifying tokens for the first time and again, and a flood of invalid ones (half a minute).',
  flows:
    'A thousand code flows and ten thousand raced refreshes on two control planes, killed midway and started again (about ten minutes).',
  secrets: 'A page of secrets by state, out of 100,000, through GraphQL (a minute).',
  leaks:
    'Ten thousand calls of two people with canaries as tokens, for each store: none goes with another’s token, none is found in clear (ten minutes).',
  decide: 'Deciding, loading and changing a policy of a million people: time, memory, longest stall (about two minutes).',
} as const
type Bench = keyof typeof benches

const help = `Usage: npm run -s bench -- <name> [--json] [--fastmcp] [--minutes <n>] [--calls <n>]

${Object.entries(benches)
  .map(([name, description]) => `  ${name.padEnd(8)} ${description}`)
  .join('\n')}

Each starts what it needs on free loopback ports and leaves nothing behind. The table goes to standard output; with --json
the figures follow it as one line of JSON. With --fastmcp, relay fetches FastMCP from PyPI and measures its proxy too; --minutes says how long
the soak takes (30), --calls how many calls leaks makes with each store (10000). The soak, token, flows, leaver and leaks exit with 1 when a bar is missed.
Only figures of one run compare: run it on an otherwise idle machine.
`

const run = {
  relay: async ({ fastmcp = false }) => (await import('./relay/relay.ts')).relay({ withFastMcp: fastmcp }),
  streams: async () => (await import('./streams/streams.ts')).streams(),
  lists: async () => (await import('./lists/lists.ts')).lists(),
  long: async () => (await import('./long/long.ts')).long(),
  mounted: async () => (await import('./mounted/mounted.ts')).mounted(),
  sql: async () => (await import('./sql/sql.ts')).sql(),
  grant: async () => (await import('./grant/grant.ts')).grant(),
  leaver: async () => (await import('./leaver/leaver.ts')).leaver(),
  soak: async ({ minutes = '30' }) => (await import('./soak/soak.ts')).soak({ minutes: Number(minutes) }),
  token: async () => (await import('./token/token.ts')).token(),
  flows: async () => (await import('./flows/flows.ts')).flows(),
  secrets: async () => (await import('./secrets/secrets.ts')).secrets(),
  leaks: async ({ calls = '10000' }) => (await import('./leaks/leaks.ts')).leaks({ calls: Number(calls) }),
  decide: async () => (await import('./decide/decide.ts')).decide(),
} satisfies Record<Bench, (options: { fastmcp?: boolean; minutes?: string; calls?: string }) => Promise<object>>

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      fastmcp: { type: 'boolean' },
      minutes: { type: 'string' },
      calls: { type: 'string' },
    },
  })
  const [name] = positionals
  if (values.help || name === undefined) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  if (!Object.hasOwn(run, name)) {
    process.stderr.write(`There is no benchmark "${name}".\n\n${help}`)
    return 2
  }
  const result = await run[name as Bench](values)
  const isMissed = 'isMet' in result && result.isMet === false
  if (values.json) process.stdout.write(`\n${JSON.stringify(result)}\n`)
  return isMissed ? 1 : 0
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const message =
      error instanceof Error ? `${error.message}${error.cause instanceof Error ? `\n${error.cause.message}` : ''}` : String(error)
    process.stderr.write(`${message}\n`)
    process.exit(1)
  },
)
