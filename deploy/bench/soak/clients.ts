import { setTimeout as wait } from 'node:timers/promises'
import { mcpCall, toolCall } from '../measure/call.ts'
import { exchange, outcomeOf } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { LegacySession } from './legacy-session.ts'
import { readSlowly } from './slow-reader.ts'
import { Tally } from './tally.ts'

// All clients of the soak, in one process. Each repeats what it does until the process is told to stop.

export interface ClientsOrder {
  /** Starts the clients. */
  start?: { mcp: string; tokens: Record<'alice' | 'bob' | 'carol' | 'dave', string> }
  /** Whether a data plane is being restarted now, so that connections may be lost. */
  restarting?: boolean
  /** Ends the clients. */
  stop?: true
}

const tally = new Tally()
const stopping = new AbortController()
let isRestarting = false
/** A request that was under way when a restart began may see it a moment later. */
let restartedAtMs = Number.NEGATIVE_INFINITY
const afterRestartMs = 15_000

const bigText = 'A line of a long answer. '.repeat(40_000)
const soon = (ms: number) => AbortSignal.any([stopping.signal, AbortSignal.timeout(ms)])
const pause = (ms: number) => wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined)

/** Counts an exchange. One that `signal` ended is the client's own doing. */
function count(kind: string, done: Exchange, signal: AbortSignal): void {
  if (done.status === undefined && signal.aborted) return
  const isExcused = isRestarting || performance.now() - restartedAtMs < afterRestartMs
  tally.add(kind, outcomeOf(done, isExcused), done.traceId)
}

async function repeat(pauseMs: number, step: () => Promise<void>): Promise<void> {
  while (!stopping.signal.aborted) {
    await step()
    await pause(pauseMs)
  }
}

/** Calls that a person makes all day, good and bad, by tool of `/mcp`. */
const dailyCalls: readonly [string, object][] = [
  ['sql_execute_query', { connection: 'bank', query: 'select id, full_name, city from customers order by id limit 20' }],
  ['sql_execute_query', { connection: 'bank', query: 'select no_such_column from customers' }],
  ['sql_execute_query', { connection: 'bank', query: 'select * from salaries' }],
  ['sql_execute_query', { connection: 'bank', query: "update customers set city = 'x'" }],
  ['sql_describe_table', { connection: 'bank', table: 'public.accounts' }],
  [
    'charts_create_chart',
    {
      type: 'bar',
      data: [
        { a: 'x', b: 1 },
        { a: 'y', b: 2 },
      ],
      x: 'a',
      y: 'b',
    },
  ],
  ['charts_create_chart', { type: 'bar', data: [], x: 'a', y: 'b' }],
  ['charts_render_vega_lite', { spec: { mark: 'nonsense' } }],
  ['debug_echo', { text: 'all day' }],
  ['steady_test_simple_text', {}],
  ['modern_test_simple_text', {}],
  ['steady_test_error_handling', {}],
  ['brittle_test_simple_text', {}],
  ['meta_whoami', {}],
  ['no_such_tool', {}],
]

function callsOf(kind: string, url: string, token: string, pauseMs: number): Promise<void> {
  let turn = 0
  return repeat(pauseMs, async () => {
    const [tool, args] = dailyCalls[turn++ % dailyCalls.length] ?? ['', {}]
    const signal = stopping.signal
    count(kind, await exchange({ url, ...toolCall(token, tool, args), signal }), signal)
  })
}

function sessionsOf(url: string, token: string): Promise<void> {
  let turn = 0
  return repeat(500, async () => {
    const signal = stopping.signal
    const { opening, session } = await LegacySession.open(url, token, signal)
    count('legacy sessions', opening, signal)
    if (!session) return
    const listening = new AbortController()
    const stream = session.listen(AbortSignal.any([stopping.signal, listening.signal]))
    for (let call = 0; call < 30 && !signal.aborted; call++) {
      const [tool, args] = dailyCalls[turn++ % dailyCalls.length] ?? ['', {}]
      count('legacy sessions', await session.call(tool, args, signal), signal)
      await pause(100)
    }
    listening.abort()
    await stream
    // Every second session is left to its time-out, as clients do.
    if (turn % 60 < 30) await session.end()
  })
}

/** Clients that are asked something, and never answer. They hang up after a while. */
const unansweredOf = (url: string, token: string) =>
  repeat(1_000, async () => {
    const { opening, session } = await LegacySession.open(url, token, stopping.signal)
    count('asked, silent', opening, stopping.signal)
    for (const tool of ['steady_test_elicitation', 'modern_test_elicitation', 'steady_test_sampling']) {
      const signal = soon(4_000)
      if (session) count('asked, silent', await session.call(tool, { message: 'Who?', prompt: 'Say hello.' }, signal), signal)
    }
    const signal = soon(4_000)
    const modern = mcpCall(token, 'tools/call', askingParams, { 'mcp-name': 'steady_test_elicitation' })
    count('asked, silent', await exchange({ url, ...modern, signal }), signal)
    await session?.end()
  })

const askingParams = {
  name: 'steady_test_elicitation',
  arguments: { message: 'Who?' },
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {} },
  },
}

const progressOf = (url: string, token: string) =>
  repeat(300, async () => {
    const signal = stopping.signal
    const { opening, session } = await LegacySession.open(url, token, signal)
    count('progress', opening, signal)
    if (!session) return
    for (const tool of ['steady_test_tool_with_progress', 'modern_test_tool_with_progress', 'steady_test_tool_with_logging']) {
      count('progress', await session.call(tool, {}, signal), signal)
    }
    await session.end()
  })

/** Clients that listen, and are told of tools that come and go. */
const listenersOf = (url: string, token: string) =>
  repeat(200, async () => {
    const signal = soon(20_000)
    const listen = mcpCall(token, 'subscriptions/listen', { notifications: { toolsListChanged: true, promptsListChanged: true } })
    await exchange({ url, ...listen, signal })
  })

const changesOf = (url: string, token: string) =>
  repeat(3_000, async () => {
    for (const tool of ['steady_test_trigger_tool_change', 'modern_test_trigger_tool_change']) {
      count('changes', await exchange({ url, ...toolCall(token, tool, {}), signal: stopping.signal }), stopping.signal)
    }
    const list = await exchange({ url, ...mcpCall(token, 'tools/list', {}), signal: stopping.signal })
    count('lists', { ...list, traceId: '' }, stopping.signal)
  })

const slowReadersOf = (url: string, token: string) =>
  repeat(1_000, async () => {
    const status = await readSlowly(new URL(url), toolCall(token, 'debug_echo', { text: bigText }), soon(10_000))
    tally.add('slow readers', { word: `HTTP ${status}`, isExplained: true, isAnswered: false }, undefined)
  })

/** Callers with a token that is none, and with bodies that are no JSON. */
const strangersOf = (url: string, token: string) =>
  repeat(500, async () => {
    const wrong = toolCall('no.good.token', 'debug_echo', { text: 'x' })
    const bad = { ...toolCall(token, 'debug_echo', { text: 'x' }), body: '{"jsonrpc":"2.0","id":1,"method":' }
    for (const call of [wrong, bad]) {
      const done = await exchange({ url, ...call, signal: stopping.signal })
      count('strangers', { ...done, traceId: '' }, stopping.signal)
    }
  })

function start({ mcp, tokens: { alice, bob, carol, dave } }: NonNullable<ClientsOrder['start']>): Promise<unknown> {
  return Promise.all([
    callsOf('modern calls', mcp, alice, 60),
    callsOf('modern calls', mcp, bob, 90),
    callsOf('changing grants', mcp, dave, 150),
    sessionsOf(mcp, carol),
    sessionsOf(mcp, bob),
    ...Array.from({ length: 3 }, () => unansweredOf(mcp, alice)),
    progressOf(mcp, bob),
    ...Array.from({ length: 20 }, () => listenersOf(mcp, carol)),
    changesOf(mcp, carol),
    ...Array.from({ length: 3 }, () => slowReadersOf(mcp, bob)),
    strangersOf(mcp, alice),
  ])
}

let running: Promise<unknown> = Promise.resolve()

async function obey({ start: places, restarting, stop }: ClientsOrder): Promise<object> {
  if (places) running = start(places)
  if (restarting !== undefined) {
    if (isRestarting && !restarting) restartedAtMs = performance.now()
    isRestarting = restarting
  }
  if (stop) {
    stopping.abort()
    await running
  }
  return tally.report()
}

const fail = (error: unknown) => void process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
process.on('message', (order: ClientsOrder) => void obey(order).then((result) => process.send?.(result), fail))
process.on('disconnect', () => process.exit())
