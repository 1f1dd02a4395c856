import { Pool } from 'undici'
import { echoText, toolCall } from '../measure/call.ts'
import { durations, round, table } from '../measure/figures.ts'
import { startGateway } from '../measure/gateway.ts'
import { machine } from '../measure/machine.ts'

/** So many that the p99 is not the slowest one. */
const changeCount = 200
const warmUp = 5
const barMs = 250
const maxWaitMs = 5_000

/**
 * How long the data plane still answers by the old policy after
 * a change. Dave gets and loses a grant, and calls all the time.
 */
export async function grant(): Promise<object> {
  await using gateway = await startGateway()
  const { client, mcp } = gateway
  await client.settings.put({ ratePerSecond: 100_000, rateBurst: 1_000_000 })
  const call = toolCall(await gateway.tokenFor('dave'), 'echo', { text: echoText })
  const pool = new Pool(mcp.origin, { connections: 4 })
  const path = `${mcp.pathname.replace(/\/$/, '')}/debug`
  const isAllowed = async () => {
    const { body } = await pool.request({ method: 'POST', path, ...call })
    return (await body.text()).includes(echoText)
  }

  const fromSent: number[] = []
  const fromReturned: number[] = []
  let grantId: string | undefined
  for (let change = 0; change < warmUp + changeCount; change++) {
    const expected = grantId === undefined
    const sentMs = performance.now()
    const enforced = waitUntil(isAllowed, expected)
    grantId = await toggleGrant(client, grantId)
    const returnedMs = performance.now()
    const enforcedMs = await enforced
    if (change < warmUp) continue
    fromSent.push(enforcedMs - sentMs)
    fromReturned.push(Math.max(0, enforcedMs - returnedMs))
  }
  await pool.close()

  const figures = { sent: durations(fromSent), returned: durations(fromReturned) }
  const rows = Object.entries(figures).map(([from, { p50Ms, p99Ms, maxMs }]) => [
    `from ${from}`,
    round(p50Ms, 1),
    round(p99Ms, 1),
    round(maxMs, 1),
  ])
  process.stdout.write(`${machine()}, ${changeCount} changes\n\n${table(['enforced, ms', 'p50', 'p99', 'most'], rows)}\n\n`)
  process.stdout.write(`Bar: under ${barMs} ms (p99, from sent): ${figures.sent.p99Ms < barMs ? 'met' : 'missed'}.\n`)
  return { bench: 'grant', machine: machine(), at: new Date().toISOString(), changes: changeCount, ...figures }
}

type Client = Awaited<ReturnType<typeof startGateway>>['client']

/** Creates the grant, or deletes it when it exists. Returns the id of the grant that exists now. */
async function toggleGrant(client: Client, grantId: string | undefined): Promise<string | undefined> {
  if (grantId === undefined) return (await client.grants.create({ user: 'dave', server: 'debug', level: 'read' })).id
  await client.grants.delete({ id: grantId })
  return undefined
}

/** Calls again and again until the answer is `expected`. Resolves with that moment. */
async function waitUntil(isAllowed: () => Promise<boolean>, expected: boolean): Promise<number> {
  for (const endMs = performance.now() + maxWaitMs; performance.now() < endMs;) {
    if ((await isAllowed()) === expected) return performance.now()
  }
  throw new Error(`a change was not enforced within ${maxWaitMs / 1000} s`)
}
