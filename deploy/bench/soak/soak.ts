import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from '@bir/sdk'
import { Child } from '../measure/child.ts'
import { round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { descendant, machine, machineLoad } from '../measure/machine.ts'
import { brittleServer } from './brittle.ts'
import type { ClientsOrder } from './clients.ts'
import { partNames, residentByPart, trendOf } from './memory.ts'
import type { Part, Trend } from './memory.ts'
import { lostRecords } from './records.ts'
import type { Tallied } from './tally.ts'

const minuteMs = 60_000
const samplePauseMs = 5_000
const tokenTtlS = 8 * 3600
const maxRestartMs = 60_000
const minMinutesForMemory = 20
/** When the data plane is restarted, as shares of the time: twice in the warm-up, and once after the measurement. */
const restarts: readonly { at: number; signal: 'SIGKILL' | 'SIGTERM' }[] = [
  { at: 0.1, signal: 'SIGKILL' },
  { at: 0.2, signal: 'SIGTERM' },
  { at: 0.95, signal: 'SIGKILL' },
]
const warmUpUntil = 0.33
const measureUntil = 0.94

/** Mixed load on the whole product for so many minutes, with faults, and what is left of it afterwards. */
export async function soak({ minutes }: { minutes: number }): Promise<object> {
  if (!(minutes >= 1)) throw new Error('A soak takes one minute at least: --minutes 30.')
  await using gateway = await startGateway()
  using steady = new Child(new URL('./upstream.ts', import.meta.url), ['legacy'])
  using modern = new Child(new URL('./upstream.ts', import.meta.url), ['modern'])
  await using brittle = await brittleServer()
  const { url: steadyUrl } = await steady.receive<{ url: string }>()
  const { url: modernUrl } = await modern.receive<{ url: string }>()
  await prepare(gateway.client, { steady: steadyUrl, modern: modernUrl, brittle: brittle.url })

  using clients = new Child(new URL('./clients.ts', import.meta.url))
  await clients.receive<Tallied>(await startOrder(gateway))
  const ending = new AbortController()
  const changes = changePolicy(gateway.client, ending.signal)
  const answered: string[] = []
  const { samples, restarted } = await run(gateway, clients, minutes * minuteMs, answered)
  ending.abort()
  const policyChanges = await changes
  const {
    counts,
    unexplained,
    unexplainedCount,
    answered: lastAnswered,
  } = await clients.receive<Tallied>({ stop: true } satisfies ClientsOrder)
  answered.push(...lastAnswered)

  const lost = await lostRecords(gateway.client, answered)
  const memory = Object.fromEntries(partNames.map((part) => [part, trendOf(samples.map((sample) => sample[part]))])) as Record<Part, Trend>
  const figures = {
    minutes,
    answered: answered.length,
    lost: lost.length,
    unexplained: unexplainedCount,
    strayRejections: strayRejections(gateway.home),
    unplannedDeaths: deathsTold(gateway.output()) - restarted,
    auditVerified: await auditVerified(gateway.home),
    policyChanges,
    serverDeaths: brittle.deaths(),
    memory,
    counts,
  }
  const broken = brokenPromises(figures)
  process.stdout.write(`${machine()}; ${machineLoad()}; ${minutes} minutes\n\n${format(figures)}\n`)
  for (const line of unexplained) process.stdout.write(`unexplained: ${line}\n`)
  process.stdout.write(`\nBar: ${broken.length === 0 ? 'met' : `missed: ${broken.join('; ')}`}.\n`)
  return { bench: 'soak', machine: machine(), load: machineLoad(), at: new Date().toISOString(), isMet: broken.length === 0, ...figures }
}

/** What a soak must show, and did not. Memory is judged once the warm-up is over for certain. */
function brokenPromises({ minutes, lost, unexplained, strayRejections, unplannedDeaths, auditVerified, memory }: Figures): string[] {
  const growing = Object.entries(memory).filter(([, { isFlat }]) => !isFlat && minutes >= minMinutesForMemory)
  return [
    ...(lost > 0 ? [`${lost} answered requests have no record`] : []),
    ...(unexplained > 0 ? [`${unexplained} outcomes explain nothing`] : []),
    ...(strayRejections > 0 ? [`${strayRejections} rejections were unhandled`] : []),
    ...(unplannedDeaths > 0 ? [`${unplannedDeaths} parts died unasked`] : []),
    ...(auditVerified ? [] : ['audit verify found faults']),
    ...growing.map(([part]) => `the memory of the ${part} grows`),
  ]
}

async function prepare(client: Client, urls: Record<string, string>): Promise<void> {
  await client.settings.put({ truncateChars: 10_000_000, callsAtOnce: 200, ratePerSecond: 1_000, rateBurst: 5_000, callTimeoutMs: 10_000 })
  const { servers = {}, grants = [] } = await client.policy.export()
  const remotes = Object.fromEntries(Object.entries(urls).map(([id, url]) => [id, { kind: 'remote' as const, url }]))
  const everyone = Object.keys(urls).flatMap((server) =>
    ['analysts', 'engineers', 'operators'].map((group) => ({ group, server, level: 'destroy' as const })),
  )
  await client.policy.apply({ file: { servers: { ...servers, ...remotes }, grants: [...grants, ...everyone] } })
}

async function startOrder({ mcp, tokenFor }: Gateway): Promise<ClientsOrder> {
  const people = ['alice', 'bob', 'carol', 'dave'] as const
  const tokens = await Promise.all(people.map(async (person) => [person, await tokenFor(person, tokenTtlS)] as const))
  return { start: { mcp: mcp.href, tokens: Object.fromEntries(tokens) as Record<(typeof people)[number], string> } }
}

interface Course {
  samples: Record<Part, number>[]
  /** How often the data plane was restarted. */
  restarted: number
}

/** Lets time pass: restarts the data plane at its moments, and samples memory in between. */
async function run(gateway: Gateway, clients: Child, durationMs: number, answered: string[]): Promise<Course> {
  const samples: Record<Part, number>[] = []
  const startedMs = performance.now()
  const due = [...restarts]
  for (let share = 0; share < 1; share = (performance.now() - startedMs) / durationMs) {
    const [next] = due
    if (next && share >= next.at) {
      due.shift()
      answered.push(...(await restartPlane(gateway, clients, next.signal)))
    }
    if (share >= warmUpUntil && share < measureUntil) samples.push(residentByPart(gateway.pid))
    await wait(samplePauseMs)
  }
  return { samples, restarted: restarts.length - due.length }
}

/** Ends the data plane and waits until the launcher has started another. Resolves with the answered requests so far. */
async function restartPlane({ pid, mcp }: Gateway, clients: Child, signal: 'SIGKILL' | 'SIGTERM'): Promise<string[]> {
  const { answered } = await clients.receive<Tallied>({ restarting: true } satisfies ClientsOrder)
  const plane = descendant(pid, 'data-plane/src/main.ts')
  process.kill(plane, signal)
  await untilRestarted(plane, pid, new URL('/health', mcp))
  const { answered: since } = await clients.receive<Tallied>({ restarting: false } satisfies ClientsOrder)
  return [...answered, ...since]
}

async function untilRestarted(oldPid: number, launcherPid: number, health: URL): Promise<void> {
  for (const endMs = performance.now() + maxRestartMs; performance.now() < endMs; await wait(100)) {
    if (planePid(launcherPid) === oldPid) continue
    const isHealthy = await fetch(health).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isHealthy) return
  }
  throw new Error(`the data plane was not back ${maxRestartMs / 1000} s after it ended`)
}

/** Its old pid while it still stops. */
function planePid(launcherPid: number): number | undefined {
  try {
    return descendant(launcherPid, 'data-plane/src/main.ts')
  } catch {
    return undefined
  }
}

/** Gives and takes a grant, and switches a server off and on, until `signal`. Resolves with the number of changes. */
async function changePolicy(client: Client, signal: AbortSignal): Promise<number> {
  let changes = 0
  while (!signal.aborted) {
    const { id } = await client.grants.create({ user: 'dave', server: 'debug', level: 'read' })
    await pause(2_000, signal)
    await client.servers.kill({ id: 'modern', killed: true })
    await pause(500, signal)
    await client.servers.kill({ id: 'modern', killed: false })
    await pause(2_000, signal)
    await client.grants.delete({ id })
    changes += 4
    await pause(500, signal)
  }
  return changes
}

const pause = (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }).catch(() => undefined)

/** Promises that nobody held when they were rejected, as the logs of all parts tell. */
function strayRejections(home: string): number {
  const logs = readdirSync(join(home, 'logs')).map((file) => readFileSync(join(home, 'logs', file), 'utf8'))
  return logs
    .join('')
    .split('\n')
    .filter((line) => line.includes('stray-rejection') || line.includes('a rejection that nobody holds')).length
}

const deathsTold = (output: string) => output.split(' is down').length - 1

/** Whether `bir audit verify` finds every chain whole. */
async function auditVerified(home: string): Promise<boolean> {
  const program = fileURLToPath(new URL('../../../sdk/src/cli/main.ts', import.meta.url))
  const child = spawn(process.execPath, [program, 'audit', 'verify'], { env: { ...process.env, BIR_HOME: home }, stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0
}

interface Figures {
  minutes: number
  answered: number
  lost: number
  unexplained: number
  strayRejections: number
  unplannedDeaths: number
  auditVerified: boolean
  policyChanges: number
  serverDeaths: number
  memory: Record<Part, Trend>
  counts: Tallied['counts']
}

function format({ memory, counts, ...kept }: Figures): string {
  const mb = (value: number) => `${round(value)} MB`
  const memoryRows = Object.entries(memory).map(([part, { firstMb, lastMb, maxMb, isFlat }]) => [
    part,
    mb(firstMb),
    mb(lastMb),
    mb(maxMb),
    isFlat ? 'flat' : 'GROWS',
  ])
  const countRows = Object.entries(counts).flatMap(([kind, words]) =>
    Object.entries(words).map(([word, count]) => [kind, word, round(count)]),
  )
  const keptRows = [
    ['answered requests', round(kept.answered)],
    ['of these without an audit record', round(kept.lost)],
    ['audit verify', kept.auditVerified ? 'whole' : 'FAULTS'],
    ['outcomes that explain nothing', round(kept.unexplained)],
    ['unhandled rejections', round(kept.strayRejections)],
    ['parts that died unasked', round(kept.unplannedDeaths)],
    ['changes of policy', round(kept.policyChanges)],
    ['deaths of the brittle server', round(kept.serverDeaths)],
  ]
  return [
    table(['', ''], keptRows),
    table(['resident memory after the warm-up', 'first third', 'last third', 'most', ''], memoryRows),
    table(['clients', 'outcome', 'requests'], countRows),
  ].join('\n\n')
}
