import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { request } from 'undici'
import { setTimeout as wait } from 'node:timers/promises'
import { runBlock, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { httpRequestText, mcpCall } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { median, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { machine, machineLoad } from '../measure/machine.ts'

const serverCount = 40
const toolCount = 50
const deadUrl = `http://${LOOPBACK_HOST}:1/mcp`
const deadServers = { 'dead-0': deadUrl, 'dead-1': deadUrl }
const barUs = 2_000
const rounds = 3
const encodings = ['plain', 'gzip'] as const
const connectionCounts = [1, 16]
const blockMs = 1_500
const maxReadyMs = 90_000

interface Row {
  servers: string
  /** The encoding that the client accepts. */
  taken: (typeof encodings)[number]
  connections: number
  tools: number
  cpuUs: number
  p50Us: number
  p99Us: number
  listsPerSecond: number
}

/** `tools/list` over forty remote servers: first all healthy, then with two dead and one hanging among them. */
export async function lists(): Promise<object> {
  await using gateway = await startGateway()
  using upstream = new Child(new URL('./upstream.ts', import.meta.url))
  using load = new Child(new URL('../measure/load.ts', import.meta.url))
  const { port } = await upstream.receive<{ port: number }>()
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  const token = await gateway.tokenFor('alice')

  const names = Array.from({ length: serverCount }, (_, at) => `server-${String(at).padStart(2, '0')}`)
  const healthyServers = Object.fromEntries(names.map((name) => [name, `http://${LOOPBACK_HOST}:${port}/${name}`]))
  const fewerServers = Object.fromEntries(Object.entries(healthyServers).slice(0, serverCount - 3))
  const stages = [
    { servers: '40', urls: healthyServers, tools: serverCount * toolCount },
    {
      servers: '37, 2 dead, 1 hanging',
      urls: { ...fewerServers, ...deadServers, hanging: `http://${LOOPBACK_HOST}:${port}/hanging` },
      tools: (serverCount - 3) * toolCount,
    },
  ]
  const { servers: ownServers = {}, grants: ownGrants = [] } = await gateway.client.policy.export()
  const rows: Row[] = []
  let bytes = 0
  for (const { servers, urls, tools } of stages) {
    const remote = Object.fromEntries(Object.entries(urls).map(([id, url]) => [id, { kind: 'remote' as const, url }]))
    const grants = Object.keys(urls).map((server) => ({ user: 'alice', server, level: 'read' as const }))
    await gateway.client.policy.apply({ file: { servers: { ...ownServers, ...remote }, grants: [...ownGrants, ...grants] } })
    bytes = await waitUntilListed(gateway, token, tools)
    for (const encoding of encodings)
      rows.push(...(await measure(load, targetOf(gateway, token, encoding), { servers, taken: encoding, tools })))
  }
  const max = Math.max(...rows.map(({ cpuUs }) => cpuUs))
  const verdict = `Bar: under ${barUs / 1000} ms of CPU a list: ${max < barUs ? 'met' : 'missed'} (${round(max / 1000, 2)} ms at most).`
  process.stdout.write(`${machine()}; ${machineLoad()}\nthe first page is ${round(bytes / 1024)} KB\n\n${formatRows(rows)}\n\n${verdict}\n`)
  return { bench: 'lists', machine: machine(), load: machineLoad(), at: new Date().toISOString(), bytes, rows }
}

function targetOf({ mcp, planePid }: Gateway, token: string, encoding: Row['taken']): Target {
  const wire = httpRequestText(mcp, mcpCall(token, 'tools/list', {}, encoding === 'gzip' ? { 'accept-encoding': 'gzip' } : {}))
  // The content of a gzip answer is not checked. The first two answers are not compressed yet; they do not count.
  const expects = encoding === 'gzip' ? '' : 'server-00_get_thing_0'
  return { pid: planePid, order: { port: Number(mcp.port), request: wire, expects }, shipped: unrecorded }
}

async function measure(load: Child, target: Target, labels: Pick<Row, 'servers' | 'taken' | 'tools'>): Promise<Row[]> {
  await runBlock(load, target, 1, blockMs)
  const rows: Row[] = []
  for (const connections of connectionCounts) {
    const blocks: Block[] = []
    for (let at = 0; at < rounds; at++) blocks.push(await runBlock(load, target, connections, blockMs))
    const figure = (read: (block: Block) => number) => median(blocks.map(read))
    rows.push({
      ...labels,
      connections,
      cpuUs: figure(({ cpuUsPerCall }) => cpuUsPerCall),
      p50Us: figure(({ p50Us }) => p50Us),
      p99Us: figure(({ p99Us }) => p99Us),
      listsPerSecond: figure(({ calls, seconds }) => calls / seconds),
    })
  }
  return rows
}

/** Waits until all tools are listed. Resolves with the length of the first page. */
async function waitUntilListed(gateway: Gateway, token: string, tools: number): Promise<number> {
  let listedCount = 0
  for (const endMs = performance.now() + maxReadyMs; performance.now() < endMs; await wait(200)) {
    const pages = await readPages(gateway, token)
    listedCount = pages.reduce((sum, page) => sum + (page.match(/_get_thing_\d+"/g) ?? []).length, 0)
    if (listedCount === tools) return pages[0]?.length ?? 0
  }
  throw new Error(`${listedCount} of ${tools} tools are listed`)
}

async function readPages({ mcp }: Gateway, token: string): Promise<string[]> {
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

function formatRows(rows: Row[]): string {
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
  return table(['servers', 'encoding', 'tools', 'c', 'CPU µs', 'p50 µs', 'p99 µs', 'lists/s'], lines)
}
