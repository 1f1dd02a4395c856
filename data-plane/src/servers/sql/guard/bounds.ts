import { refusal } from './syntax/refusal.ts'
import { asTagged, asText, constantNumber, isNode } from './syntax/tree.ts'

const maxSeriesRows = 100_000
const maxPaddingChars = 1_000

/**
 * Refuses calls that would make very long results out of a short statement, before they run. Calls that pass here are
 * still stopped by the time-out and the byte cap.
 */
export function checkBounds(functionName: string, args: readonly unknown[]): void {
  if (functionName === 'generate_series') checkSeries(args)
  if (functionName === 'lpad' || functionName === 'rpad') {
    const width = constantNumber(args[1])
    if (width === undefined || width > maxPaddingChars)
      throw refusal(`${functionName} needs a width written as a number of at most ${maxPaddingChars}.`, 'Pad in the client instead.')
  }
  if (functionName === 'format' && !isPlainFormat(args[0]))
    throw refusal('format needs a constant pattern without widths.', "Use format('%s …', a) or a || b.")
}

function checkSeries(args: readonly unknown[]): void {
  const [from, to, step = 1] = args.map(constantNumber)
  if (from === undefined || to === undefined) {
    if (isNumberSeries(args))
      throw refusal('generate_series over numbers needs bounds written as numbers.', 'Write generate_series(1, 100).')
    return
  }
  if (Math.abs(to - from) / Math.max(Math.abs(step), Number.MIN_VALUE) > maxSeriesRows)
    throw refusal(`generate_series of more than ${maxSeriesRows} rows.`, 'Narrow the bounds.')
}

/** A series of dates always has a third argument and no number in it. The time-out bounds its length. */
const isNumberSeries = (args: readonly unknown[]): boolean => args.length < 3 || args.some((arg) => constantNumber(arg) !== undefined)

/** A constant whose placeholders have no width: `%10s` would pad. */
function isPlainFormat(pattern: unknown): boolean {
  const constant = asTagged(pattern)
  if (constant?.kind !== 'A_Const' || !isNode(constant.node['sval'])) return false
  return !/%(?:\d+\$)?-?[\d*]/.test(asText(constant.node['sval']['sval']) ?? '')
}
