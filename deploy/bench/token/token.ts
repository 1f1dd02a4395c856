import { Child } from '../measure/child.ts'
import { round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'
import type { TokenFigures } from './measure.ts'

const bars = { firstUs: 200, cachedUs: 3, floodHeapKb: 1_024 }

/** What it costs a data plane to know who calls: from the header to the person, before the body is read. */
export async function token(): Promise<object> {
  using measuring = new Child(new URL('./measure.ts', import.meta.url), [], ['--expose-gc'])
  const figures = await measuring.receive<TokenFigures>()
  const { floodHeapKb, keptBefore, keptAfter } = figures
  const rows: [label: string, value: string, bar: string, isMet: boolean][] = [
    row('first verification, EdDSA', figures.firstEdDsaUs, bars.firstUs),
    row('first verification, ES256', figures.firstEs256Us, bars.firstUs),
    row('the same token again', figures.cachedUs, bars.cachedUs),
    row('a personal token', figures.personalUs),
    row('a wrong signature', figures.wrongSignatureUs),
    row('a key that nobody knows', figures.unknownKeyUs),
    ['heap kept by 100,000 invalid tokens', `${round(floodHeapKb)} KB`, `${round(bars.floodHeapKb)} KB`, floodHeapKb <= bars.floodHeapKb],
    ['good tokens still known after them', `${keptAfter} of ${keptBefore}`, 'all', keptAfter === keptBefore],
  ]
  const lines = rows.map(([label, value, bar, isMet]) => [label, value, bar, bar === '' ? '' : isMet ? 'met' : 'missed'])
  process.stdout.write(`${machine()}\nCPU of one request until its caller is known\n\n${table(['', 'measured', 'bar', ''], lines)}\n`)
  return { bench: 'token', machine: machine(), at: new Date().toISOString(), ...figures, isMet: rows.every(([, , , isMet]) => isMet) }
}

const row = (label: string, us: number, barUs?: number): [string, string, string, boolean] => [
  label,
  `${round(us, us < 10 ? 2 : 0)} µs`,
  barUs === undefined ? '' : `${barUs} µs`,
  barUs === undefined || us <= barUs,
]
