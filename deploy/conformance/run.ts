import { parseArgs } from 'node:util'
import { startGateway } from './gateway.ts'
import { printResult } from './print.ts'
import { revisions } from './requirements.ts'
import type { Revision } from './requirements.ts'
import { testServer, testServerScenario } from './suite.ts'
import { through } from './through.ts'
import { kinds, upstreams } from './upstreams/index.ts'

/** `node deploy/conformance/run.ts [--upstream legacy] [--revision 2026-07-28] [--scenario x] [--direct]` */

const { values } = parseArgs({
  options: {
    upstream: { type: 'string' },
    revision: { type: 'string' },
    scenario: { type: 'string' },
    /** Without a gateway between: what the fixture itself is worth. */
    direct: { type: 'boolean', default: false },
  },
})

function chosen<T extends string>(option: 'upstream' | 'revision', all: readonly T[]): readonly T[] {
  const value = values[option]
  if (value === undefined) return all
  const known = all.find((one) => one === value)
  if (known === undefined) throw new Error(`--${option} is one of ${all.join(', ')}`)
  return [known]
}

const test = (url: string, revision: Revision) =>
  values.scenario === undefined ? testServer(url, revision) : testServerScenario(url, revision, values.scenario)

for (const kind of chosen('upstream', kinds)) {
  const { start, speaks } = upstreams[kind]
  await using upstream = await start()
  await using gateway = values.direct ? undefined : await startGateway({ fixture: upstream.url })
  await using way = gateway && (await through(gateway, 'fixture'))
  for (const revision of chosen('revision', revisions)) {
    if (values.direct && values.revision === undefined && !speaks.includes(revision)) continue
    const result = await test(way?.url ?? upstream.url, revision)
    printResult(`${kind} upstream${values.direct ? ', direct' : ''}, ${revision}`, result)
    if (result.failed.length > 0) process.exitCode = 1
  }
}
