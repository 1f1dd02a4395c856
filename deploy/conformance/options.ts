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
  --client              the other leg: the suite's servers behind the gateway
  --direct              no gateway between: what the fixture itself is worth
`

/** What a person asked for; `--help` and a wrong option end the program here, with the help text. */
export function readOptions() {
  try {
    return parsed()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    process.exit(2)
  }
}

function parsed() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
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
  const { client, direct, scenario } = values
  return {
    client,
    direct,
    scenario,
    upstreams: chosen('upstream', values.upstream, behind),
    revisions: chosen('revision', values.revision, revisions),
    isRevisionGiven: values.revision !== undefined,
    isUpstreamGiven: values.upstream !== undefined,
    gateway: chosen('gateway', values.gateway, gatewayKinds)[0] ?? 'plane',
  }
}

function chosen<T extends string>(option: string, value: string | undefined, all: readonly T[]): readonly T[] {
  if (value === undefined) return all
  const known = all.find((one) => one === value)
  if (known === undefined) throw new Error(`--${option} is one of ${all.join(', ')}, not "${value}".`)
  return [known]
}
