import { refused } from './syntax/refusal.ts'
import { constantInteger, isNode, tagged, text } from './syntax/tree.ts'

const maxSeries = 100_000
const maxPadding = 1_000

/** Calls that make much out of little are bounded before they run; what slips by is stopped by time-out and byte cap. */
export function checkBounds(name: string, args: readonly unknown[]): void {
  if (name === 'generate_series') checkSeries(args)
  if (name === 'lpad' || name === 'rpad') {
    const width = constantInteger(args[1])
    if (width === undefined || width > maxPadding)
      throw refused(`${name} needs a width written as a number of at most ${maxPadding}.`, 'Pad in the client instead.')
  }
  if (name === 'format' && !plainFormat(args[0]))
    throw refused('format needs a constant pattern without widths.', "Use format('%s …', a) or a || b.")
}

function checkSeries(args: readonly unknown[]): void {
  const [from, to, step = 1] = args.map(constantInteger)
  if (from === undefined || to === undefined) {
    if (numbers(args)) throw refused('generate_series over numbers needs bounds written as numbers.', 'Write generate_series(1, 100).')
    return
  }
  if (Math.abs(to - from) / Math.max(Math.abs(step), Number.MIN_VALUE) > maxSeries)
    throw refused(`generate_series of more than ${maxSeries} rows.`, 'Narrow the bounds.')
}

/** Series of dates are recognised by their third argument; their number is left to the time-out. */
const numbers = (args: readonly unknown[]): boolean => args.length < 3 || args.some((arg) => constantInteger(arg) !== undefined)

function plainFormat(pattern: unknown): boolean {
  const constant = tagged(pattern)
  if (constant?.kind !== 'A_Const' || !isNode(constant.node['sval'])) return false
  return !/%(?:\d+\$)?-?[\d*]/.test(text(constant.node['sval']['sval']) ?? '')
}
