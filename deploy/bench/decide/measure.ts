import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decide } from '@bir/sdk/contract/decide'
import type { Question } from '@bir/sdk/contract/decide'
import type { Policy } from '@bir/sdk/contract/policy'
import { z } from 'zod'
import { subjectOf } from '@bir/sdk/contract/subject'
import { PolicyCache } from '../../../data-plane/src/policy/cache.ts'
import { PolicyFeed } from '../../../data-plane/src/policy/feed.ts'
import type { MountedServer } from '../../../data-plane/src/server-kit/define.ts'
import type { Prepared } from './prepare.ts'
import { median } from '../measure/figures.ts'
import { levelOf, numbers, serverIds, toolNames } from './synthetic.ts'
import { longestTurn } from '../measure/turns.ts'

export interface DecideFigures {
  loadMs: number
  residentMb: number
  decideNs: number
  heapGrowthKb: number
  changeKb: number
  changeMs: number
  stallWallMs: number
  stallCpuMs: number
  /** The time of one SHA-256 of a person's id in the same run. It shows how fast the machine is at the moment. */
  hashNs: number
}

const rounds = 7
const decisionsPerRound = 1_000_000

const [dir = '.'] = process.argv.slice(2)
const { manifestKey, sample, change } = JSON.parse(readFileSync(join(dir, 'prepared.json'), 'utf8')) as Prepared
const newChunks = new Map(change.chunks.map(([name, text]) => [name, Buffer.from(text)]))
const feed = new PolicyFeed({
  manifestKey,
  mounted: new Map(serverIds.map((id) => [id, standIn(id)])),
  cache: new PolicyCache(join(dir, 'policy')),
  log: () => undefined,
  refusal: () => undefined,
  fetchChunk: async (name) => newChunks.get(name) ?? Promise.reject(new Error(`${name} was not to be fetched`)),
  acknowledge: async () => undefined,
  planesChanged: () => undefined,
})

/** A server as the policy uses it: names and levels. No tool of it is called. */
function standIn(id: string): MountedServer {
  const never = () => Promise.reject(new Error('not called here'))
  const tools = toolNames.map((name, at) => {
    const entry = { name, description: '', inputSchema: {}, outputSchema: {}, annotations: {} }
    return [name, { name, description: '', level: levelOf(at), entry, call: never }] as const
  })
  const noOtherContent = { resources: new Map(), templates: new Map(), prompts: new Map(), emits: [], logs: false }
  const changes = { listen: () => () => undefined }
  return {
    id,
    title: id,
    secret: undefined,
    tools: new Map(tools),
    ...noOtherContent,
    changes,
    settings: z.strictObject({}),
    faults: () => [],
    faultsInPolicy: () => [],
    check: never,
    close: async () => undefined,
  }
}

const startedMs = performance.now()
if (!(await feed.restore())) throw new Error('the policy could not be read')
const loadMs = performance.now() - startedMs
globalThis.gc?.()
const residentMb = process.memoryUsage.rss() / 1e6

const questions = makeQuestions()
const roundsNs = Array.from({ length: rounds }, () => decideNsOf(feed.current(), questions))
globalThis.gc?.()
const heapBefore = process.memoryUsage().heapUsed
decideNsOf(feed.current(), questions)
globalThis.gc?.()
const heapGrowthKb = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / 1024

const changedAtMs = performance.now()
let changeMs = 0
const stall = await longestTurn(async () => {
  await feed.answer(Buffer.from(JSON.stringify({ manifest: change.manifest })))
  changeMs = performance.now() - changedAtMs
})
const changeBytes = change.manifest.length + [...newChunks.values()].reduce((total, { length }) => total + length, 0)

const figures: DecideFigures = {
  loadMs,
  residentMb,
  decideNs: median(roundsNs),
  heapGrowthKb,
  changeKb: changeBytes / 1024,
  changeMs,
  stallWallMs: stall.wallMs,
  stallCpuMs: stall.cpuMs,
  hashNs: measureHashNs(),
}
await feed.saved()
process.send?.(figures)

/** Random questions, so that no two in a row touch the same memory. */
function makeQuestions(): Question[] {
  const next = numbers(11)
  const subjects = sample.flatMap((id) => subjectOf(id) ?? [])
  return Array.from({ length: 100_000 }, () => ({
    subject: subjects[next() % subjects.length] ?? subjects[0]!,
    server: serverIds[next() % serverIds.length] ?? '',
    tool: toolNames[next() % toolNames.length] ?? '',
    nowMs: 1_800_000_000_000,
  }))
}

function decideNsOf(policy: Policy, questions: Question[]): number {
  let allowed = 0
  const start = process.cpuUsage() // CPU time, because other processes share the core
  for (let at = 0; at < decisionsPerRound; at++) {
    const question = questions[at % questions.length]
    if (question && decide(policy, question).allow) allowed++
  }
  const { user, system } = process.cpuUsage(start)
  if (allowed === 0 || allowed === decisionsPerRound) throw new Error('the questions are all answered alike')
  return ((user + system) * 1000) / decisionsPerRound
}

function measureHashNs(): number {
  const start = process.cpuUsage()
  for (let at = 0; at < decisionsPerRound; at++)
    createHash('sha256')
      .update(sample[at % sample.length] ?? '')
      .digest()
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1000) / decisionsPerRound
}
