import { runBlock, unrecorded } from '../measure/block.ts'
import type { Block, Target } from '../measure/block.ts'
import { httpRequestText, toolCall } from '../measure/call.ts'
import { Child } from '../measure/child.ts'
import { median, percentile, round, table } from '../measure/figures.ts'

const connections = 64
const blockMs = 600
const warmUpMs = 3_000
const rounds = 25
const barUs = 5
const line = 'Job 4411 of main (3f9a2c81d0) failed after 00:03:12, see https://git.example.com/shop/web/-/jobs/4411.\n'
const answerLines = [1, 40]

interface Targets {
  bare: Target
  open: Target
  locked: Target
}

/** The same tool with and without a secret of its person, on one plane, beside the echo. Blocks of them take turns. */
export async function injection(load: Child, bare: Target) {
  using plane = new Child(new URL('./plane.ts', import.meta.url))
  const { url, token } = await plane.receive<{ url: string; token: string }>()
  const targetsOf = (times: number): Targets => {
    const target = (server: string): Target => {
      const endpoint = new URL(`${url}/mcp/${server}`)
      const request = httpRequestText(endpoint, toolCall(token, 'get_text', { text: line, times }))
      return { pid: plane.pid, order: { port: Number(endpoint.port), request, expects: 'failed after' }, shipped: unrecorded }
    }
    const [open, locked] = [target('open'), target('locked')]
    return { open, locked, bare: { ...bare, order: { ...open.order, port: bare.order.port } } }
  }
  for (const target of Object.values(targetsOf(1))) await runBlock(load, target, connections, warmUpMs)
  const rows: InjectionRow[] = []
  for (const times of answerLines) rows.push(await compare(load, targetsOf(times), line.length * times))
  return { rows, text: format(rows) }
}

async function compare(load: Child, { bare, open, locked }: Targets, chars: number) {
  const blocks: Record<keyof Targets, Block>[] = []
  const run = (target: Target) => runBlock(load, target, connections, blockMs)
  for (let at = 0; at < rounds; at++) {
    const echo = await run(bare)
    // The second of two blocks has no advantage over the first.
    const first = await run(at % 2 === 0 ? open : locked)
    const second = await run(at % 2 === 0 ? locked : open)
    blocks.push(at % 2 === 0 ? { bare: echo, open: first, locked: second } : { bare: echo, open: second, locked: first })
  }
  const costOf = (which: keyof Targets) => median(blocks.map((block) => block[which].cpuUsPerCall))
  const added = blocks.map((block) => block.locked.cpuUsPerCall - block.open.cpuUsPerCall).sort((a, b) => a - b)
  return {
    chars,
    cpuUsPerCall: { bare: costOf('bare'), open: costOf('open'), locked: costOf('locked') },
    ratio: median(blocks.map((block) => block.locked.cpuUsPerCall / block.open.cpuUsPerCall)),
    addedUs: { low: percentile(added, 0.25), median: percentile(added, 0.5), high: percentile(added, 0.75) },
  }
}

type InjectionRow = Awaited<ReturnType<typeof compare>>

function format(rows: readonly InjectionRow[]): string {
  const head = ['characters', 'CPU µs: echo', 'no secret', 'secret', 'ratio', 'added µs', 'middle half']
  const lines = rows.map(({ chars, cpuUsPerCall: { bare, open, locked }, ratio, addedUs }) => [
    round(chars),
    round(bare, 1),
    round(open, 1),
    round(locked, 1),
    round(ratio, 3),
    round(addedUs.median, 1),
    `${round(addedUs.low, 1)} to ${round(addedUs.high, 1)}`,
  ])
  const addedUs = rows[0]?.addedUs.median ?? Number.NaN
  const verdict = `Bar: a person's secret adds at most ${barUs} µs at c = ${connections}: ${addedUs <= barUs ? 'met' : 'missed'} (${round(addedUs, 1)} µs).`
  return `${table(head, lines)}\n\n${verdict}`
}
