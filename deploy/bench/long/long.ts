import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
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
/** With what each of them is wrapped in, as long. */
const fewer = rows.slice(0, chars / 117)
const say = (result: object) => JSON.stringify({ resultType: 'complete', ...result })

/** Answers of some 14 MB: most of them are cut or refused, an image and blocks of an unknown kind go through. */
const shapes: Record<string, string> = {
  'one text': say({ content: [{ type: 'text', text: line.repeat(chars / line.length) }] }),
  'JSON in a text': say({ content: [{ type: 'text', text: JSON.stringify(rows).slice(0, chars * 0.8) }] }),
  'many texts': say({ content: fewer.map(({ id }) => ({ type: 'text', text: line + String(id) })) }),
  'an image': say({ content: [{ type: 'image', mimeType: 'image/png', data: 'ABCDefgh'.repeat(chars / 8) }] }),
  'structured content': say({ content: [], structuredContent: { rows } }),
  'blocks of an unknown kind': say({ content: fewer.map((value) => ({ type: 'x-row', value })) }),
}

interface Row {
  shape: string
  megabytes: number
  parseMs: number
  turnMs: number
}

/** How long a data plane works on an answer of 14 MB without a pause, beside what `JSON.parse` alone takes for it. */
export async function long(): Promise<object> {
  let result = say({ content: [] })
  const lists = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
  const listed = JSON.stringify({ ...lists, tools: [{ name: 'say', inputSchema: { type: 'object' } }] })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { id, method } = JSON.parse(await text(request)) as { id: number; method: string }
    const said = method === 'tools/call' ? result : listed
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},"result":${said}}`)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  using plane = new Child(new URL('./plane.ts', import.meta.url), [`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`])
  const { url, token } = await plane.hears<{ url: string; token: string }>()
  const call = async () => (await fetch(`${url}/mcp/long`, modernRequest(token, 'tools/call', { name: 'say', arguments: {} }))).text()
  for (let at = 0; at < 200; at++) await call()

  const measured: Row[] = []
  for (const [shape, said] of Object.entries(shapes)) {
    result = said
    const turns: number[] = []
    const parses: number[] = []
    for (let at = 0; at < rounds; at++) {
      parses.push((await parsing(said)).cpuMs)
      await plane.hears({ order: 'watch' })
      await call()
      turns.push((await plane.hears<LongestTurn>({ order: 'stop' })).cpuMs)
    }
    measured.push({ shape, megabytes: Buffer.byteLength(said) / 1e6, parseMs: median(parses), turnMs: median(turns) })
  }
  server.close()
  server.closeAllConnections()
  process.stdout.write(`${machine()}; ${machineLoad()}\n\n${shown(measured)}\n`)
  return { bench: 'long', machine: machine(), load: machineLoad(), at: new Date().toISOString(), rows: measured }
}

/** Of text as it comes from the network. */
function parsing(said: string): Promise<LongestTurn> {
  const fresh = Buffer.from(said).toString()
  return longestTurn(async () => {
    JSON.parse(fresh)
  })
}

const shown = (measured: Row[]) =>
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
