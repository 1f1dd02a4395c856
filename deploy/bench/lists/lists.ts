import { request } from 'undici'
import { setTimeout as wait } from 'node:timers/promises'
import { block, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { mcpCall, onTheWire } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { median, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { machine, machineLoad } from '../measure/machine.ts'

const serverCount = 40
const toolCount = 50
const bad = { 'dead-0': 'http://127.0.0.1:1/mcp', 'dead-1': 'http://127.0.0.1:1/mcp' }
const barUs = 2_000
const rounds = 3
const encodings = ['plain', 'gzip'] as const
const connectionCount = [1, 16]
const blockMs = 1_500
const readyLimitMs = 90_000

interface Row {
  servers: string
  /** What the client takes: the whole text, or gzip. */
  taken: (typeof encodings)[number]
  connections: number
  tools: number
  cpuUs: number
  p50Us: number
  p99Us: number
  listsPerSecond: number
}

/** `tools/list` over forty remote servers from memory: all well first, then with two dead and one hanging among them. */
export async function lists(): Promise<object> {
  await using gateway = await startGateway()
  using upstream = new Child(new URL('./upstream.ts', import.meta.url))
  using load = new Child(new URL('../measure/load.ts', import.meta.url))
  const { port } = await upstream.hears<{ port: number }>()
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  const token = await gateway.tokenFor('alice')

  const names = Array.from({ length: serverCount }, (_, at) => `server-${String(at).padStart(2, '0')}`)
  const well = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${port}/${name}`]))
  const fewer = Object.fromEntries(Object.entries(well).slice(0, serverCount - 3))
  const stages = [
    { servers: '40', urls: well, tools: serverCount * toolCount },
    {
      servers: '37, 2 dead, 1 hanging',
      urls: { ...fewer, ...bad, hanging: `http://127.0.0.1:${port}/hanging` },
      tools: (serverCount - 3) * toolCount,
    },
  ]
  const { servers: before = {}, grants: granted = [] } = await gateway.client.policy.export()
  const rows: Row[] = []
  let bytes = 0
  for (const { servers, urls, tools } of stages) {
    const remote = Object.fromEntries(Object.entries(urls).map(([id, url]) => [id, { kind: 'remote' as const, url }]))
    const grants = Object.keys(urls).map((server) => ({ user: 'alice', server, level: 'read' as const }))
    await gateway.client.policy.apply({ file: { servers: { ...before, ...remote }, grants: [...granted, ...grants] } })
    bytes = await listed(gateway, token, tools)
    for (const taken of encodings) rows.push(...(await measured(load, targetOf(gateway, token, taken), { servers, taken, tools })))
  }
  const max = Math.max(...rows.map(({ cpuUs }) => cpuUs))
  const verdict = `Bar: under ${barUs / 1000} ms of CPU a list: ${max < barUs ? 'met' : 'missed'} (${round(max / 1000, 2)} ms at most).`
  process.stdout.write(`${machine()}; ${machineLoad()}\nthe first page is ${round(bytes / 1024)} KB\n\n${shown(rows)}\n\n${verdict}\n`)
  return { bench: 'lists', machine: machine(), load: machineLoad(), at: new Date().toISOString(), bytes, rows }
}

function targetOf({ mcp, planePid }: Gateway, token: string, taken: Row['taken']): Target {
  const wire = onTheWire(mcp, mcpCall(token, 'tools/list', {}, taken === 'gzip' ? { 'accept-encoding': 'gzip' } : {}))
  // What is in gzip cannot be read here. The first answer and the second are not in it yet: they are outside of what counts.
  const expects = taken === 'gzip' ? '' : 'server-00_get_thing_0'
  return { pid: planePid, order: { port: Number(mcp.port), request: wire, expects }, shipped: unrecorded }
}

async function measured(load: Child, target: Target, what: Pick<Row, 'servers' | 'taken' | 'tools'>): Promise<Row[]> {
  await block(load, target, 1, blockMs)
  const rows: Row[] = []
  for (const connections of connectionCount) {
    const blocks: Block[] = []
    for (let at = 0; at < rounds; at++) blocks.push(await block(load, target, connections, blockMs))
    const figure = (read: (one: Block) => number) => median(blocks.map(read))
    rows.push({
      ...what,
      connections,
      cpuUs: figure((one) => one.cpuUsPerCall),
      p50Us: figure((one) => one.p50Us),
      p99Us: figure((one) => one.p99Us),
      listsPerSecond: figure((one) => one.calls / one.seconds),
    })
  }
  return rows
}

/** Waits until the servers' tools are all listed; gives the bytes of the first page. */
async function listed(gateway: Gateway, token: string, tools: number): Promise<number> {
  let found = 0
  for (const endMs = performance.now() + readyLimitMs; performance.now() < endMs; await wait(200)) {
    const pages = await walked(gateway, token)
    found = pages.reduce((sum, page) => sum + (page.match(/_get_thing_\d+"/g) ?? []).length, 0)
    if (found === tools) return pages[0]?.length ?? 0
  }
  throw new Error(`${found} of ${tools} tools are listed`)
}

async function walked({ mcp }: Gateway, token: string): Promise<string[]> {
  const pages: string[] = []
  let cursor: string | undefined
  do {
    const { headers, body } = mcpCall(token, 'tools/list', cursor === undefined ? {} : { cursor })
    const answer = await request(mcp, { method: 'POST', headers, body })
    const page = await answer.body.text()
    pages.push(page)
    cursor = (JSON.parse(page) as { result?: { nextCursor?: string } }).result?.nextCursor
  } while (cursor !== undefined)
  return pages
}

function shown(rows: Row[]): string {
  const lines = rows.map(({ servers, taken, connections, tools, cpuUs, p50Us, p99Us, listsPerSecond }) => [
    servers,
    taken,
    round(tools),
    String(connections),
    round(cpuUs),
    round(p50Us),
    round(p99Us),
    round(listsPerSecond),
  ])
  return table(['servers', 'taken', 'tools', 'c', 'CPU µs', 'p50 µs', 'p99 µs', 'lists/s'], lines)
}
