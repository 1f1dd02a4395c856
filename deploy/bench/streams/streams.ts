import { readFileSync } from 'node:fs'
import { echoText, mcpCall, onTheWire, toolCall } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import type { Heard, ListenersOrder, Opened } from './listeners.ts'
import { cpuUsOf, machine, machineLoad, residentMbOf } from '../measure/machine.ts'
import { answered, register } from '../measure/remote.ts'
import { NEWS } from '../relay/news.ts'
import type { UpstreamOrder } from '../relay/upstream.ts'

const streamCount = 10_000
const barMb = 600
const id = 'bench'

/** Ten thousand clients that listen to one remote server through one data plane. */
export async function streams(): Promise<object> {
  await using gateway = await startGateway()
  using upstream = new Child(new URL('../relay/upstream.ts', import.meta.url))
  using listeners = new Child(new URL('./listeners.ts', import.meta.url))
  const { port } = await upstream.hears<{ port: number }>()
  const { url, token } = await prepared(gateway, `http://127.0.0.1:${port}/mcp`)
  const { planePid } = gateway
  const filesAllowed = openFilesOf(planePid)
  if (filesAllowed < streamCount + 500) throw new Error(`${filesAllowed} open files are allowed, too few: ulimit -n 20000`)

  const idleMb = residentMbOf(planePid)
  const beforeUs = cpuUsOf(planePid)
  const notifications = { toolsListChanged: true, resourceSubscriptions: [NEWS] }
  const request = onTheWire(url, mcpCall(token, 'subscriptions/listen', { notifications }))
  const order: ListenersOrder = { open: streamCount, port: Number(url.port), request }
  const opened = await listeners.hears<Opened>(order)
  const cpuUsPerOpen = (cpuUsOf(planePid) - beforeUs) / streamCount
  const openMb = residentMbOf(planePid)

  const resource = await reached(upstream, listeners, 'resource', 'notifications/resources/updated', planePid)
  const tools = await reached(upstream, listeners, 'tools', 'notifications/tools/list_changed', planePid)
  const afterMb = residentMbOf(planePid)
  const maxMb = Math.max(openMb, afterMb)
  const figures = { filesAllowed, idleMb, openMb, afterMb, maxMb, opened, cpuUsPerOpen, resource, tools }
  process.stdout.write(
    `${machine()}; ${machineLoad()}\n${round(streamCount)} streams, ${resource.upstreamListeners} at the server\n\n${shown(figures)}\n\n`,
  )
  process.stdout.write(
    `Bar: under ${barMb} MB resident with ${round(streamCount)} streams: ${maxMb < barMb ? 'met' : 'missed'} (${round(maxMb)} MB).\n`,
  )
  return { bench: 'streams', machine: machine(), load: machineLoad(), at: new Date().toISOString(), streams: streamCount, ...figures }
}

async function prepared(gateway: Gateway, upstream: string): Promise<{ url: URL; token: string }> {
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  await register(gateway, id, upstream, 'alice')
  const url = new URL(`${gateway.mcp.href.replace(/\/$/, '')}/${id}`)
  const token = await gateway.tokenFor('alice')
  await answered(url, toolCall(token, 'echo', { text: echoText }), echoText)
  return { url, token }
}

/** How long a change at the server takes until every stream has told it. */
async function reached(upstream: Child, listeners: Child, change: UpstreamOrder['change'], until: string, pid: number) {
  const beforeUs = cpuUsOf(pid)
  const heard = listeners.hears<Heard>({ until } satisfies ListenersOrder)
  const startedMs = performance.now()
  const { listeners: upstreamListeners } = await upstream.hears<{ listeners: number }>({ change } satisfies UpstreamOrder)
  const { streams: told, spreadMs } = await heard
  const allMs = performance.now() - startedMs
  return { told, allMs, spreadMs, cpuMs: (cpuUsOf(pid) - beforeUs) / 1000, upstreamListeners }
}

type Reached = Awaited<ReturnType<typeof reached>>

interface Figures {
  idleMb: number
  openMb: number
  afterMb: number
  opened: Opened
  cpuUsPerOpen: number
  resource: Reached
  tools: Reached
}

function shown({ idleMb, openMb, afterMb, opened, cpuUsPerOpen, resource, tools }: Figures): string {
  const change = (what: string, { told, allMs, cpuMs }: Reached) => [
    [`${what}: streams told`, round(told)],
    [`${what}: until all were told`, `${round(allMs)} ms`],
    [`${what}: CPU of the data plane`, `${round(cpuMs)} ms`],
  ]
  return table(
    ['', ''],
    [
      ['resident before', `${round(idleMb)} MB`],
      ['resident with all open', `${round(openMb)} MB`],
      ['resident after both changes', `${round(afterMb)} MB`],
      ['to open all', `${round(opened.seconds, 1)} s`],
      ['to open one, p99', `${round(opened.p99Ms)} ms`],
      ['to open one, CPU', `${round(cpuUsPerOpen)} µs`],
      ...change('a resource', resource),
      ...change('a new tool', tools),
    ],
  )
}

/** How many files a process may have open (Linux: proc(5)). */
function openFilesOf(pid: number): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
}
