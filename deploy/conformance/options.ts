import { parseArgs } from 'node:util'
import { gatewayKinds } from './gateway/gateway.ts'
import { behind } from './matrix.ts'
import { revisions } from './suite/requirements.ts'

const help = `Usage: node deploy/conformance/run.ts [options]

Runs the official conformance suite against the gateway, in front of fixtures of every era.

  --upstream <kind>     one fixture: ${behind.join(', ')} (all)
  --revision <date>     one revision: ${revisions.join(', ')} (all)
  --scenario <name>     one scenario of the suite (all)
  --gateway <kind>      what stands between: ${gatewayKinds.join(', ')} (plane)
  --authorization       the authorization server, where a person signs in
  --client              the other leg: the suite's servers behind the gateway
  --direct              no gateway between: what the fixture itself is worth
`

/** Reads the options. `--help` and a wrong option print the help text and end the program. */
export function readOptions() {
  try {
    return parseOptions()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    process.exit(2)
  }
}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      authorization: { type: 'boolean', default: false },
      client: { type: 'boolean', default: false },
      upstream: { type: 'string' },
      revision: { type: 'string' },
      scenario: { type: 'string' },
      gateway: { type: 'string', default: 'plane' },
      direct: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    process.exit(0)
  }
  const { authorization, client, direct, scenario } = values
  return {
    authorization,
    client,
    direct,
    scenario,
    upstreams: select('upstream', values.upstream, behind),
    revisions: select('revision', values.revision, revisions),
    isRevisionGiven: values.revision !== undefined,
    isUpstreamGiven: values.upstream !== undefined,
    gateway: select('gateway', values.gateway, gatewayKinds)[0] ?? 'plane',
  }
}

function select<T extends string>(option: string, value: string | undefined, choices: readonly T[]): readonly T[] {
  if (value === undefined) return choices
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new Error(`--${option} is one of ${choices.join(', ')}, not "${value}".`)
  return [choice]
}
