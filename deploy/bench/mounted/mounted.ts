import { block, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { Child } from '../measure/child.ts'
import { echoText, onTheWire, toolCall } from '../measure/call.ts'
import { median, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { machine } from '../measure/machine.ts'

const connectionCounts = [1, 16, 64]
const blockMs = 1_200
const warmUpMs = 3_000
const pairCount = { default: 5, strict: 3 }
const bar = { connections: 64, durability: 'default', cpuRatio: 2 }

/** A mounted tool through the whole pipeline against a bare echo: blocks of both take turns, since the machine's mood changes. */
export async function mounted(): Promise<object> {
  await using gateway = await startGateway()
  using reference = new Child(new URL('./reference.ts', import.meta.url))
  using load = new Child(new URL('../measure/load.ts', import.meta.url))
  const { port } = await reference.hears<{ port: number }>()
  // The product limits what a person may do in a second; here one person does it all.
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })

  const plane = await planeTarget(gateway)
  const bare = { pid: reference.pid, order: { ...plane.order, port }, shipped: unrecorded }
  for (const target of [bare, plane]) await block(load, target, 64, warmUpMs)

  const rows: Row[] = []
  for (const durability of ['default', 'strict'] as const) {
    await gateway.client.settings.put({ auditDurability: durability })
    for (const connections of connectionCounts) rows.push(await compared(load, { bare, plane, connections, durability }))
  }
  process.stdout.write(`${machine()}\n\n${shown(rows)}\n\n${verdict(rows)}\n`)
  return { bench: 'mounted', machine: machine(), at: new Date().toISOString(), blockMs, pairs: pairCount, rows }
}

async function planeTarget(gateway: Gateway): Promise<Target> {
  const url = new URL(`${gateway.mcp.href.replace(/\/$/, '')}/debug`)
  const token = await gateway.tokenFor('alice')
  const request = onTheWire(url, toolCall(token, 'echo', { text: echoText }))
  const shipped = async () => (await gateway.client.planes.list()).items[0]?.auditSeq ?? 0
  return { pid: gateway.planePid, order: { port: Number(url.port), request, expects: echoText }, shipped }
}

interface Contest {
  bare: Target
  plane: Target
  connections: number
  durability: keyof typeof pairCount
}

async function compared(load: Child, { bare, plane, connections, durability }: Contest) {
  const pairs: { bare: Block; plane: Block }[] = []
  for (let pair = 0; pair < pairCount[durability]; pair++) {
    pairs.push({ bare: await block(load, bare, connections, blockMs), plane: await block(load, plane, connections, blockMs) })
  }
  const of = (which: 'bare' | 'plane') => {
    const blocks = pairs.map((pair) => pair[which])
    const figure = (read: (block: Block) => number) => median(blocks.map(read))
    return {
      cpuUsPerCall: figure((one) => one.cpuUsPerCall),
      answerUsPerCall: figure((one) => one.answerUsPerCall),
      callsPerSecond: figure((one) => one.calls / one.seconds),
      p50Us: figure((one) => one.p50Us),
      p99Us: figure((one) => one.p99Us),
    }
  }
  const cpuRatio = median(pairs.map((pair) => pair.plane.cpuUsPerCall / pair.bare.cpuUsPerCall))
  const answerRatio = median(pairs.map((pair) => pair.plane.answerUsPerCall / pair.bare.answerUsPerCall))
  return { durability, connections, cpuRatio, answerRatio, bare: of('bare'), plane: of('plane') }
}

type Row = Awaited<ReturnType<typeof compared>>

function shown(rows: Row[]): string {
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

function verdict(rows: Row[]): string {
  const ratio =
    rows.find(({ connections, durability }) => connections === bar.connections && durability === bar.durability)?.cpuRatio ?? Number.NaN
  return `Bar: at most ${bar.cpuRatio.toFixed(1)} × the echo's CPU at c = ${bar.connections}: ${ratio <= bar.cpuRatio ? 'met' : 'missed'} (${round(ratio, 2)}).`
}
