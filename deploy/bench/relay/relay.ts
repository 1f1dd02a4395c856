import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { runBlock, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { echoText, httpRequestText, toolCall } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { median, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { cpuUsOf, cpuUsOfTree, machine, machineLoad, residentMbOf, suspend } from '../measure/machine.ts'
import { fastMcp, hasNginx, hasPython, nginx } from './contenders.ts'
import type { Contender } from './contenders.ts'
import { register, waitForAnswer } from '../measure/remote.ts'

const connectionCounts = [1, 16, 64]
const blockMs = 1_500
/** The block of a proxy that answers only a dozen calls per second. */
const slowBlockMs = 4_000
const warmUpMs = 3_000
const roundsByDurability = { default: 3, strict: 2 }
const bar = { connections: 16, forwarder: 0.6, sdk: 5, fastmcp: 100 }
const id = 'bench'

type Durability = keyof typeof roundsByDurability
/** `plane` is the gateway with its control plane suspended, as if the control plane ran on another machine. */
type Name = 'direct' | 'forwarder' | 'gateway' | 'plane' | 'sdk' | 'nginx' | 'fastmcp'
type Targets = Partial<Record<Name, Target>>
type Figures = ReturnType<typeof figuresOf>

interface Row extends Figures {
  durability: Durability
  connections: number
  name: Name
  /** The ratio to the forwarder's calls per second: the median of the ratios of all rounds. */
  ofForwarder: number
}

/**
 * A remote tool through the gateway, beside other proxies. Blocks
 * of all take turns, because the speed of the machine changes.
 */
export async function relay({ withFastMcp }: { withFastMcp: boolean }): Promise<object> {
  await using gateway = await startGateway()
  using upstream = new Child(new URL('./upstream.ts', import.meta.url))
  using load = new Child(new URL('../measure/load.ts', import.meta.url))
  const { port } = await upstream.receive<{ port: number }>()
  const url = `http://${LOOPBACK_HOST}:${port}/mcp`
  using forwarder = new Child(new URL('./forwarder.ts', import.meta.url), [new URL(url).origin])
  using sdk = new Child(new URL('./sdk-proxy.ts', import.meta.url), [url])
  await using nginxProxy = hasNginx() ? await nginx(port) : undefined
  await using fastMcpProxy = withFastMcp && hasPython() ? await fastMcp(url) : undefined

  const targets: Targets = {
    direct: target(upstream.pid, port),
    forwarder: target(forwarder.pid, (await forwarder.receive<{ port: number }>()).port),
    ...(nginxProxy && { nginx: await readyTarget(nginxProxy) }),
    sdk: target(sdk.pid, (await sdk.receive<{ port: number }>()).port),
    gateway: await gatewayTarget(gateway, url),
  }
  if (targets.gateway) targets.plane = { ...targets.gateway, suspendOthers: () => suspend(gateway.pid, gateway.planePid) }
  const slow: Targets = { ...(fastMcpProxy && { fastmcp: await readyTarget(fastMcpProxy) }) }
  for (const warmUpTarget of Object.values(targets)) await runBlock(load, warmUpTarget, 64, warmUpMs)

  const loadBefore = machineLoad()
  const rows: Row[] = []
  for (const connections of connectionCounts) {
    rows.push(...(await compare(load, targets, { durability: 'default', connections, durationMs: blockMs })))
    rows.push(...(await compare(load, slow, { durability: 'default', connections, durationMs: slowBlockMs, rounds: 1 })))
  }
  await gateway.client.settings.put({ auditDurability: 'strict' })
  const { forwarder: plain, gateway: ours, plane } = targets
  for (const connections of connectionCounts)
    rows.push(
      ...(await compare(
        load,
        { ...(plain && { forwarder: plain }), ...(ours && { gateway: ours }), ...(plane && { plane }) },
        { durability: 'strict', connections, durationMs: blockMs },
      )),
    )

  const residentMb = Object.fromEntries(Object.entries({ ...targets, ...slow }).map(([name, { pid }]) => [name, residentMbOf(pid)]))
  const loads = { before: loadBefore, after: machineLoad() }
  const bars = barsOf(rows)
  process.stdout.write(
    `${machine()}; ${loads.before}, at the end ${loads.after}\n\n${formatRows(rows, residentMb)}\n\n${bars.map(({ say }) => say).join('\n')}\n`,
  )
  return {
    bench: 'relay',
    machine: machine(),
    loads,
    at: new Date().toISOString(),
    blockMs,
    rounds: roundsByDurability,
    rows,
    residentMb,
    bars,
  }
}

function target(pid: number, port: number): Target {
  const request = httpRequestText(new URL(`http://${LOOPBACK_HOST}:${port}/mcp`), toolCall('none', 'echo', { text: echoText }))
  return { pid, order: { port, request, expects: echoText }, shipped: unrecorded }
}

async function readyTarget({ pid, port }: Contender): Promise<Target> {
  await waitForAnswer(new URL(`http://${LOOPBACK_HOST}:${port}/mcp`), toolCall('none', 'echo', { text: echoText }), echoText)
  return target(pid, port)
}

async function gatewayTarget(gateway: Gateway, upstream: string): Promise<Target> {
  const { client, mcp, pid, planePid } = gateway
  // The gateway limits the calls of a person. Here one person makes all of them.
  await client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  await register(gateway, id, upstream, 'alice')
  const url = new URL(`${mcp.href.replace(/\/$/, '')}/${id}`)
  const call = toolCall(await gateway.tokenFor('alice'), 'echo', { text: echoText })
  await waitForAnswer(url, call, echoText)
  const shipped = async () => (await client.planes.list()).items[0]?.auditSeq ?? 0
  // Everything except the data plane: the control plane and its database, which store the audit records.
  const elsewhereUs = () => cpuUsOfTree(pid) - cpuUsOf(planePid)
  return { pid: planePid, order: { port: Number(url.port), request: httpRequestText(url, call), expects: echoText }, shipped, elsewhereUs }
}

interface Contest {
  durability: Durability
  connections: number
  durationMs: number
  rounds?: number
}

async function compare(load: Child, targets: Targets, contest: Contest): Promise<Row[]> {
  const { durability, connections, durationMs, rounds = roundsByDurability[durability] } = contest
  const blocksOf = new Map<Name, Block[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of Object.entries(targets) as [Name, Target][])
      blocksOf.set(name, [...(blocksOf.get(name) ?? []), await runBlock(load, contender, connections, durationMs)])
  }
  const forwarderBlocks = blocksOf.get('forwarder')
  return [...blocksOf].map(([name, blocks]) => {
    const ofForwarder = median(blocks.map((block, at) => rate(block) / rate(forwarderBlocks?.[at])))
    return { durability, connections, name, ofForwarder, ...figuresOf(blocks) }
  })
}

const rate = (block: Block | undefined): number => (block ? block.calls / block.seconds : Number.NaN)

function figuresOf(blocks: Block[]) {
  const figure = (read: (block: Block) => number) => median(blocks.map(read))
  return {
    callsPerSecond: figure(rate),
    p50Us: figure(({ p50Us }) => p50Us),
    p99Us: figure(({ p99Us }) => p99Us),
    cpuUsPerCall: figure(({ cpuUsPerCall }) => cpuUsPerCall),
    answerUsPerCall: figure(({ answerUsPerCall }) => answerUsPerCall),
    elsewhereUsPerCall: figure(({ elsewhereUsPerCall }) => elsewhereUsPerCall),
  }
}

function formatRows(rows: Row[], residentMb: Record<string, number>): string {
  const head = ['', 'durability', 'c', 'calls/s', 'of forwarder', 'p50 µs', 'p99 µs', 'CPU µs', 'until answered', 'elsewhere', 'MB']
  const lines = rows.map((row) => [
    row.name,
    row.durability,
    String(row.connections),
    round(row.callsPerSecond),
    Number.isNaN(row.ofForwarder) ? '–' : round(row.ofForwarder, 2),
    round(row.p50Us),
    round(row.p99Us),
    round(row.cpuUsPerCall),
    round(row.answerUsPerCall),
    round(row.elsewhereUsPerCall),
    round(residentMb[row.name] ?? Number.NaN),
  ])
  return table(head, lines)
}

function barsOf(rows: Row[]): { name: Name; over: Name; least: number; ratio: number; say: string }[] {
  const at = (name: Name) => rows.find((row) => row.name === name && row.durability === 'default' && row.connections === bar.connections)
  return (['gateway', 'plane'] as const).flatMap((name) =>
    (['forwarder', 'sdk', 'fastmcp'] as const).flatMap((over) => {
      const [ours, theirs, least] = [at(name), at(over), bar[over]]
      if (!ours || !theirs) return []
      const ratio = over === 'forwarder' ? ours.ofForwarder : ours.callsPerSecond / theirs.callsPerSecond
      const outcome = ratio >= least ? 'met' : 'missed'
      const verdict = `Bar: ${name} at least ${least} × ${over}'s calls/s at c = ${bar.connections}: ${outcome} (${round(ratio, 2)}).`
      return [{ name, over, least, ratio, say: verdict }]
    }),
  )
}
