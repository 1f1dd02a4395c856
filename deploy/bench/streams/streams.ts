import { readFileSync } from 'node:fs'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { echoText, httpRequestText, mcpCall, toolCall } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import type { ListenersOrder, Notified, Opened } from './listeners.ts'
import { cpuUsOf, machine, machineLoad, residentMbOf } from '../measure/machine.ts'
import { register, waitForAnswer } from '../measure/remote.ts'
import { NEWS } from '../relay/news.ts'
import type { UpstreamOrder } from '../relay/upstream.ts'

const streamCount = 10_000
const barMb = 600
const id = 'bench'

/** Ten thousand clients listen to one remote server through one data plane. */
export async function streams(): Promise<object> {
  await using gateway = await startGateway()
  using upstream = new Child(new URL('../relay/upstream.ts', import.meta.url))
  using listeners = new Child(new URL('./listeners.ts', import.meta.url))
  const { port } = await upstream.receive<{ port: number }>()
  const { url, token } = await prepare(gateway, `http://${LOOPBACK_HOST}:${port}/mcp`)
  const { planePid } = gateway
  const maxOpenFiles = openFilesOf(planePid)
  if (maxOpenFiles < streamCount + 500) throw new Error(`${maxOpenFiles} open files are allowed, too few: ulimit -n 20000`)

  const idleMb = residentMbOf(planePid)
  const beforeUs = cpuUsOf(planePid)
  const notifications = { toolsListChanged: true, resourceSubscriptions: [NEWS] }
  const request = httpRequestText(url, mcpCall(token, 'subscriptions/listen', { notifications }))
  const order: ListenersOrder = { open: streamCount, port: Number(url.port), request }
  const opened = await listeners.receive<Opened>(order)
  const cpuUsPerOpen = (cpuUsOf(planePid) - beforeUs) / streamCount
  const openMb = residentMbOf(planePid)

  const resource = await measureChange(upstream, listeners, 'resource', 'notifications/resources/updated', planePid)
  const tools = await measureChange(upstream, listeners, 'tools', 'notifications/tools/list_changed', planePid)
  const afterMb = residentMbOf(planePid)
  const maxMb = Math.max(openMb, afterMb)
  const figures = { filesAllowed: maxOpenFiles, idleMb, openMb, afterMb, maxMb, opened, cpuUsPerOpen, resource, tools }
  process.stdout.write(
    `${machine()}; ${machineLoad()}\n${round(streamCount)} streams, ${resource.upstreamListeners} at the server\n\n${formatFigures(figures)}\n\n`,
  )
  process.stdout.write(
    `Bar: under ${barMb} MB resident with ${round(streamCount)} streams: ${maxMb < barMb ? 'met' : 'missed'} (${round(maxMb)} MB).\n`,
  )
  return { bench: 'streams', machine: machine(), load: machineLoad(), at: new Date().toISOString(), streams: streamCount, ...figures }
}

async function prepare(gateway: Gateway, upstream: string): Promise<{ url: URL; token: string }> {
  await gateway.client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000, streamsAtOnce: 1_000_000 })
  await register(gateway, id, upstream, 'alice')
  const url = new URL(`${gateway.mcp.href.replace(/\/$/, '')}/${id}`)
  const token = await gateway.tokenFor('alice')
  await waitForAnswer(url, toolCall(token, 'echo', { text: echoText }), echoText)
  return { url, token }
}

/** How long a change at the server takes until every stream has got its notification. */
async function measureChange(upstream: Child, listeners: Child, change: UpstreamOrder['change'], until: string, pid: number) {
  const beforeUs = cpuUsOf(pid)
  const notified = listeners.receive<Notified>({ until } satisfies ListenersOrder)
  const startedMs = performance.now()
  const { listeners: upstreamListeners } = await upstream.receive<{ listeners: number }>({ change } satisfies UpstreamOrder)
  const { streams: told, spreadMs } = await notified
  const allMs = performance.now() - startedMs
  return { told, allMs, spreadMs, cpuMs: (cpuUsOf(pid) - beforeUs) / 1000, upstreamListeners }
}

type ChangeFigures = Awaited<ReturnType<typeof measureChange>>

interface Figures {
  idleMb: number
  openMb: number
  afterMb: number
  opened: Opened
  cpuUsPerOpen: number
  resource: ChangeFigures
  tools: ChangeFigures
}

function formatFigures({ idleMb, openMb, afterMb, opened, cpuUsPerOpen, resource, tools }: Figures): string {
  const change = (label: string, { told, allMs, cpuMs }: ChangeFigures) => [
    [`${label}: streams told`, round(told)],
    [`${label}: until all were told`, `${round(allMs)} ms`],
    [`${label}: CPU of the data plane`, `${round(cpuMs)} ms`],
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

/** The number of files that a process may have open (Linux: proc(5)). */
function openFilesOf(pid: number): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
}
