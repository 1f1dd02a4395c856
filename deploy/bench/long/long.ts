import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { modernRequest } from '../../../data-plane/src/testing/plane.ts'
import { Child } from '../measure/child.ts'
import { median, round, table } from '../measure/figures.ts'
import { machine, machineLoad } from '../measure/machine.ts'
import { longestTurn } from '../measure/turns.ts'
import type { LongestTurn } from '../measure/turns.ts'

const chars = 14_000_000
const rounds = 5
const line = 'The quick brown fox jumps over the lazy dog, äöü – and says "hello" to it.\n'
const row = (at: number) => ({
  id: at,
  amount: at * 1.1,
  name: `name ${at}`,
  note: at % 7 === 0 ? null : 'a "quoted" note',
  ok: at % 2 === 0,
})
const rows = Array.from({ length: chars / 85 }, (_, at) => row(at))
/** As many rows as make the same length once each is wrapped in a content block. */
const wrappedRows = rows.slice(0, chars / 117)
const resultText = (result: object) => JSON.stringify({ resultType: 'complete', ...result })

/** Answers of about 14 MB. The gateway cuts or refuses most of them; an image and blocks of an unknown type pass. */
const shapes: Record<string, string> = {
  'one text': resultText({ content: [{ type: 'text', text: line.repeat(chars / line.length) }] }),
  'JSON in a text': resultText({ content: [{ type: 'text', text: JSON.stringify(rows).slice(0, chars * 0.8) }] }),
  'many texts': resultText({ content: wrappedRows.map(({ id }) => ({ type: 'text', text: line + String(id) })) }),
  'an image': resultText({ content: [{ type: 'image', mimeType: 'image/png', data: 'ABCDefgh'.repeat(chars / 8) }] }),
  'structured content': resultText({ content: [], structuredContent: { rows } }),
  'blocks of an unknown kind': resultText({ content: wrappedRows.map((value) => ({ type: 'x-row', value })) }),
}

interface Row {
  shape: string
  megabytes: number
  parseMs: number
  turnMs: number
}

/** The longest turn of the event loop for an answer of 14 MB, beside the time of `JSON.parse` for the same text. */
export async function long(): Promise<object> {
  let result = resultText({ content: [] })
  const lists = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
  const otherResult = JSON.stringify({ ...lists, tools: [{ name: 'say', inputSchema: { type: 'object' } }] })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { id, method } = JSON.parse(await readText(request)) as { id: number; method: string }
    const text = method === 'tools/call' ? result : otherResult
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},"result":${text}}`)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  using plane = new Child(new URL('./plane.ts', import.meta.url), [`http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}/mcp`])
  const { url, token } = await plane.receive<{ url: string; token: string }>()
  const call = async () => (await fetch(`${url}/mcp/long`, modernRequest(token, 'tools/call', { name: 'say', arguments: {} }))).text()
  for (let at = 0; at < 200; at++) await call()

  const measured: Row[] = []
  for (const [shape, text] of Object.entries(shapes)) {
    result = text
    const turns: number[] = []
    const parses: number[] = []
    for (let at = 0; at < rounds; at++) {
      parses.push((await measureParse(text)).cpuMs)
      await plane.receive({ order: 'watch' })
      await call()
      turns.push((await plane.receive<LongestTurn>({ order: 'stop' })).cpuMs)
    }
    measured.push({ shape, megabytes: Buffer.byteLength(text) / 1e6, parseMs: median(parses), turnMs: median(turns) })
  }
  server.close()
  server.closeAllConnections()
  process.stdout.write(`${machine()}; ${machineLoad()}\n\n${formatRows(measured)}\n`)
  return { bench: 'long', machine: machine(), load: machineLoad(), at: new Date().toISOString(), rows: measured }
}

/** Parses a new string, as it comes from the network. */
function measureParse(text: string): Promise<LongestTurn> {
  const newText = Buffer.from(text).toString()
  return longestTurn(async () => {
    JSON.parse(newText)
  })
}

const formatRows = (measured: Row[]) =>
  table(
    ['answer', 'MB', 'JSON.parse ms', 'longest turn ms', 'ratio'],
    measured.map(({ shape, megabytes, parseMs, turnMs }) => [
      shape,
      round(megabytes, 1),
      round(parseMs),
      round(turnMs),
      round(turnMs / parseMs, 1),
    ]),
  )
