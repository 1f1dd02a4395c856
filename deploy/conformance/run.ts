import { authorizationOf, knownAs } from './authorization.ts'
import { bootGateway } from '../testing/boot-gateway.ts'
import { clientCommand } from './client/command.ts'
import { wayThrough } from './matrix.ts'
import type { Behind, Way } from './matrix.ts'
import { readOptions } from './options.ts'
import { printResult } from './print.ts'
import type { Revision } from './suite/requirements.ts'
import { testClient, testServer, testServerScenario } from './suite/suite.ts'
import type { SuiteResult } from './suite/suite.ts'
import { upstreams } from './upstreams/index.ts'

const options = readOptions()

const test = (url: string, revision: Revision) =>
  options.scenario === undefined ? testServer(url, revision) : testServerScenario(url, revision, options.scenario)

/**
 * The revisions to run. A fixture without a gateway is tested
 * only at the revisions that it speaks, unless one is chosen.
 */
const revisionsFor = (kind: Behind) =>
  options.revisions.filter(
    (revision) => !options.direct || options.isRevisionGiven || (kind !== 'mounted' && upstreams[kind].speaks.includes(revision)),
  )

async function startWay(kind: Behind): Promise<Way> {
  if (!options.direct) return wayThrough(kind, options.gateway)
  if (kind === 'mounted') throw new Error('A mounted fixture is nothing without a gateway.')
  return upstreams[kind].start()
}

function report(title: string, result: SuiteResult): void {
  printResult(`${title}${options.direct ? ', direct' : ''}`, result)
  if (result.failed.length > 0) process.exitCode = 1
}

async function runClient(): Promise<void> {
  const command = clientCommand(options.direct ? 'none' : options.gateway)
  for (const revision of options.revisions) report(`client, ${revision}`, await testClient(command, revision, options.scenario))
}

async function runServer(kind: Behind): Promise<void> {
  await using way = await startWay(kind)
  for (const revision of revisionsFor(kind)) report(`${kind}, ${revision}`, await test(way.url, revision))
  for (const fault of new Set(way.faults?.())) process.stdout.write(`  inside  ${fault}\n`)
}

/** A mounted fixture cannot run without a gateway, so "all" skips it then. */
const isSkipped = (kind: Behind) => kind === 'mounted' && options.direct && !options.isUpstreamGiven

async function runAuthorization(): Promise<void> {
  await using gateway = await bootGateway()
  for (const known of knownAs) report(`authorization, client known as ${known}`, await authorizationOf(gateway, known))
}

if (options.authorization) await runAuthorization()
if (options.client) await runClient()
for (const kind of options.client || options.authorization ? [] : options.upstreams.filter((kind) => !isSkipped(kind)))
  await runServer(kind)
