import { parseArgs } from 'node:util'
import { clientCommand } from './client/command.ts'
import { gatewayKinds } from './gateway.ts'
import { behind, wayThrough } from './matrix.ts'
import type { Behind, Way } from './matrix.ts'
import { printResult } from './print.ts'
import { revisions } from './requirements.ts'
import type { Revision } from './requirements.ts'
import { testClient, testServer, testServerScenario } from './suite.ts'
import type { SuiteResult } from './suite.ts'
import { upstreams } from './upstreams/index.ts'

/** `node deploy/conformance/run.ts [--client | --upstream legacy] [--revision 2026-07-28] [--scenario x] [--gateway plane] [--direct]` */

const { values } = parseArgs({
  options: {
    /** The other leg: the suite's servers behind the gateway. */
    client: { type: 'boolean', default: false },
    upstream: { type: 'string' },
    revision: { type: 'string' },
    scenario: { type: 'string' },
    gateway: { type: 'string', default: 'plane' },
    /** Without a gateway between: what the fixture itself is worth. */
    direct: { type: 'boolean', default: false },
  },
})

function chosen<T extends string>(option: 'upstream' | 'revision' | 'gateway', all: readonly T[]): readonly T[] {
  const value = values[option]
  if (value === undefined) return all
  const known = all.find((one) => one === value)
  if (known === undefined) throw new Error(`--${option} is one of ${all.join(', ')}`)
  return [known]
}

const test = (url: string, revision: Revision) =>
  values.scenario === undefined ? testServer(url, revision) : testServerScenario(url, revision, values.scenario)

const [gateway = 'plane'] = chosen('gateway', gatewayKinds)

/** A fixture alone is asked only for what it speaks, unless told otherwise. */
const asked = (kind: Behind) =>
  chosen('revision', revisions).filter(
    (revision) => !values.direct || values.revision !== undefined || (kind !== 'mounted' && upstreams[kind].speaks.includes(revision)),
  )

async function startWay(kind: Behind): Promise<Way> {
  if (!values.direct) return wayThrough(kind, gateway)
  if (kind === 'mounted') throw new Error('A mounted fixture is nothing without a gateway.')
  return upstreams[kind].start()
}

function report(title: string, result: SuiteResult): void {
  printResult(`${title}${values.direct ? ', direct' : ''}`, result)
  if (result.failed.length > 0) process.exitCode = 1
}

async function runClient(): Promise<void> {
  const command = clientCommand(values.direct ? 'none' : gateway)
  for (const revision of chosen('revision', revisions)) report(`client, ${revision}`, await testClient(command, revision, values.scenario))
}

async function runServer(kind: Behind): Promise<void> {
  await using way = await startWay(kind)
  for (const revision of asked(kind)) report(`${kind}, ${revision}`, await test(way.url, revision))
  for (const fault of new Set(way.faults?.())) process.stdout.write(`  inside  ${fault}\n`)
}

const chosenKinds = chosen('upstream', values.direct ? behind.filter((one) => one !== 'mounted') : behind)
if (values.client) await runClient()
for (const kind of values.client ? [] : chosenKinds) await runServer(kind)
