import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { secondPlane } from '../../testing/second-plane.ts'
import { echoText, toolCall } from '../measure/call.ts'
import type { McpCall } from '../measure/call.ts'
import { durations, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import type { Gateway } from '../measure/gateway.ts'
import { machine } from '../measure/machine.ts'

/** So many that the p99 is not the slowest one. */
const leaverCount = 200
const warmUp = 5
const barMs = 1_000
const maxWaitMs = 10_000
/** The planes, the control plane and the database share the machine: without a pause the calls alone would fill it. */
const pauseMs = 5
const person = 'dave'

/**
 * How long a person who was disabled is still served. They call each of three data planes every few milliseconds, over
 * connections that stay open, with a token that is good for ten minutes.
 */
export async function leaver(): Promise<object> {
  await using gateway = await startGateway()
  const running = { endpoints: { mcp: gateway.mcp.href }, home: gateway.home }
  await using second = await secondPlane(running, { name: 'second' })
  await using third = await secondPlane(running, { name: 'third' })
  await prepare(gateway)
  const planes = [gateway.mcp.href, second.mcp, third.mcp].map((mcp) => poolOf(new URL(`${mcp.replace(/\/$/, '')}/debug`)))

  const timesMs: number[][] = []
  for (let round = 0; round < warmUp + leaverCount; round++) {
    const times = await leave(gateway, planes)
    if (round >= warmUp) timesMs.push(times)
  }
  await Promise.all(planes.map(({ pool }) => pool.close()))
  return report(timesMs)
}

interface Plane {
  pool: Pool
  path: string
}

const poolOf = (url: URL): Plane => ({ pool: new Pool(url.origin, { connections: 1 }), path: url.pathname })

async function prepare({ client }: Gateway): Promise<void> {
  await client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  await client.grants.create({ user: person, server: 'debug', level: 'read' })
}

/** Disables the person. Resolves with the time at each plane from that request to the first refused call. */
async function leave({ client, tokenFor }: Gateway, planes: readonly Plane[]): Promise<number[]> {
  await client.users.setDisabled({ handle: person, disabled: false })
  const call = toolCall(await tokenFor(person), 'echo', { text: echoText })
  await Promise.all(planes.map((plane) => waitForStatus(plane, call, 200)))
  const leftMs = performance.now()
  const refused = Promise.all(planes.map(async (plane) => (await waitForStatus(plane, call, 401)) - leftMs))
  await client.users.setDisabled({ handle: person, disabled: true })
  return refused
}

/** Calls again and again until the answer has this status. Resolves with that moment. */
async function waitForStatus({ pool, path }: Plane, call: McpCall, status: number): Promise<number> {
  for (const endMs = performance.now() + maxWaitMs; performance.now() < endMs; await wait(pauseMs)) {
    const { statusCode, body } = await pool.request({ method: 'POST', path, ...call })
    await body.dump()
    if (statusCode === status) return performance.now()
  }
  throw new Error(`a plane did not answer ${status} within ${maxWaitMs / 1000} s`)
}

function report(timesMs: number[][]): object {
  const everywhere = durations(timesMs.map((times) => Math.max(...times)))
  const rows = [
    ['the first plane that refuses', durations(timesMs.map((times) => Math.min(...times)))],
    ['all three', everywhere],
  ] as const
  const lines = rows.map(([from, { p50Ms, p99Ms, maxMs }]) => [from, round(p50Ms), round(p99Ms), round(maxMs)])
  process.stdout.write(`${machine()}, ${timesMs.length} times\n\n${table(['refused after, ms', 'p50', 'p99', 'most'], lines)}\n\n`)
  const isMet = everywhere.p99Ms < barMs
  process.stdout.write(`Bar: refused everywhere in under ${barMs} ms (p99): ${isMet ? 'met' : 'missed'}.\n`)
  return { bench: 'leaver', machine: machine(), at: new Date().toISOString(), times: timesMs.length, ...everywhere, isMet }
}
