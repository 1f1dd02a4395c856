import { runBlock, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { Child } from '../measure/child.ts'
import { echoText, httpRequestText, toolCall } from '../measure/call.ts'
import { median, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { machine } from '../measure/machine.ts'
import { injection } from './injection.ts'

const connectionCounts = [1, 16, 64]
const blockMs = 1_200
const warmUpMs = 3_000
const pairCount = { default: 5, strict: 3 }
const bar = { connections: 64, durability: 'default', cpuRatio: 2 }

/**
 * A mounted tool through the whole pipeline, beside a bare echo.
 * Blocks of both take turns, because the speed of the machine changes.
 */
export async function mounted(): Promise<object> {
  await using gateway = await startGateway()
  using reference = new Child(new URL('./reference.ts', import.meta.url))
  using load = new Child(new URL('../measure/load.ts', import.meta.url))
  const { port } = await reference.receive<{ port: number }>()
  // The gateway limits the calls of a person. Here one person makes all of them.
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })

  const plane = await planeTarget(gateway)
  const bare = { pid: reference.pid, order: { ...plane.order, port }, shipped: unrecorded }
  for (const target of [bare, plane]) await runBlock(load, target, 64, warmUpMs)

  const rows: Row[] = []
  for (const durability of ['default', 'strict'] as const) {
    await gateway.client.settings.put({ auditDurability: durability })
    for (const connections of connectionCounts) rows.push(await compare(load, { bare, plane, connections, durability }))
  }
  process.stdout.write(`${machine()}\n\n${formatRows(rows)}\n\n${formatVerdict(rows)}\n\n`)
  const injected = await injection(load, bare)
  process.stdout.write(`${injected.text}\n`)
  return { bench: 'mounted', machine: machine(), at: new Date().toISOString(), blockMs, pairs: pairCount, rows, injection: injected.rows }
}

async function planeTarget(gateway: Gateway): Promise<Target> {
  const url = new URL(`${gateway.mcp.href.replace(/\/$/, '')}/debug`)
  const token = await gateway.tokenFor('alice')
  const request = httpRequestText(url, toolCall(token, 'echo', { text: echoText }))
  const shipped = async () => (await gateway.client.planes.list()).items[0]?.auditSeq ?? 0
  return { pid: gateway.planePid, order: { port: Number(url.port), request, expects: echoText }, shipped }
}

interface Contest {
  bare: Target
  plane: Target
  connections: number
  durability: keyof typeof pairCount
}

async function compare(load: Child, { bare, plane, connections, durability }: Contest) {
  const pairs: { bare: Block; plane: Block }[] = []
  for (let pair = 0; pair < pairCount[durability]; pair++) {
    pairs.push({ bare: await runBlock(load, bare, connections, blockMs), plane: await runBlock(load, plane, connections, blockMs) })
  }
  const figuresOf = (which: 'bare' | 'plane') => {
    const blocks = pairs.map((pair) => pair[which])
    const figure = (read: (block: Block) => number) => median(blocks.map(read))
    return {
      cpuUsPerCall: figure(({ cpuUsPerCall }) => cpuUsPerCall),
      answerUsPerCall: figure(({ answerUsPerCall }) => answerUsPerCall),
      callsPerSecond: figure(({ calls, seconds }) => calls / seconds),
      p50Us: figure(({ p50Us }) => p50Us),
      p99Us: figure(({ p99Us }) => p99Us),
    }
  }
  const cpuRatio = median(pairs.map((pair) => pair.plane.cpuUsPerCall / pair.bare.cpuUsPerCall))
  const answerRatio = median(pairs.map((pair) => pair.plane.answerUsPerCall / pair.bare.answerUsPerCall))
  return { durability, connections, cpuRatio, answerRatio, bare: figuresOf('bare'), plane: figuresOf('plane') }
}

type Row = Awaited<ReturnType<typeof compare>>

function formatRows(rows: Row[]): string {
  const head = [
    'durability',
    'c',
    'CPU µs: echo',
    'plane',
    'ratio',
    'until answered',
    'calls/s: echo',
    'plane',
    'p50 µs: echo',
    'plane',
    'p99 µs: echo',
    'plane',
  ]
  const lines = rows.map(({ durability, connections, cpuRatio, answerRatio, bare, plane }) => [
    durability,
    String(connections),
    round(bare.cpuUsPerCall),
    round(plane.cpuUsPerCall),
    round(cpuRatio, 2),
    round(answerRatio, 2),
    round(bare.callsPerSecond),
    round(plane.callsPerSecond),
    round(bare.p50Us),
    round(plane.p50Us),
    round(bare.p99Us),
    round(plane.p99Us),
  ])
  return table(head, lines)
}

function formatVerdict(rows: Row[]): string {
  const ratio =
    rows.find(({ connections, durability }) => connections === bar.connections && durability === bar.durability)?.cpuRatio ?? Number.NaN
  return `Bar: at most ${bar.cpuRatio.toFixed(1)} × the echo's CPU at c = ${bar.connections}: ${ratio <= bar.cpuRatio ? 'met' : 'missed'} (${round(ratio, 2)}).`
}
