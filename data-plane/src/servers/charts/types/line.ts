import { distinctCells } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import type { Table } from '../data/table.ts'
import type { ChartEncoding, Draw } from './sketch.ts'
import { quantitative, limitDistinct, nominal, colours, dashes, temporal } from './scales.ts'
import { rowCount, summariseWithGaps } from './summed.ts'

const maxMarkedPoints = 40
/** A point between two gaps has no line: without a mark it would not be seen. */
const maxMarkedBesideGaps = 2_000

export const line: Draw = (table, encoding) => {
  const { x, series, values, title, notes, hasGaps } = linesOf(table, encoding)
  const y = quantitative(
    title,
    values.map((row) => row.value),
    { field: 'value' },
  )
  const pointSize = values.length <= maxMarkedPoints ? 45 : hasGaps && values.length <= maxMarkedBesideGaps ? 12 : undefined
  const mark = { type: 'line', ...(pointSize ? { point: { size: pointSize } } : {}) }
  return { values, spec: { mark, encoding: { x: xChannel(x, encoding.width), y, ...colours(series), ...dashes(series) } }, notes }
}

export const area: Draw = (table, encoding) => {
  const { x, series, values, title, notes } = linesOf(table, encoding)
  const y = quantitative(
    title,
    values.map((row) => row.value),
    { field: 'value', stack: 'zero' },
  )
  return {
    values,
    spec: { mark: { type: 'area', opacity: series ? 0.85 : 0.35 }, encoding: { x: xChannel(x, encoding.width), y, ...colours(series) } },
    notes,
  }
}

/** A row with x and without y breaks the line: what was not measured is not drawn as if it were. */
function linesOf(table: Table, encoding: ChartEncoding) {
  const summary = summariseWithGaps(table, encoding)
  limitDistinct(20, 'series', summary.series)
  const gapCount = summary.values.filter(({ value }) => value === null).length
  const gapNotes = gapCount > 0 ? [`There is a gap at ${gapCount === 1 ? 'one place' : `${gapCount} places`} without a value.`] : []
  const xNotes = summary.missingRows.x > 0 ? [`${rowCount(summary.missingRows.x)} without x left out.`] : []
  return { ...summary, hasGaps: gapCount > 0, notes: [...xNotes, ...gapNotes, ...summary.notes] }
}

function xChannel(x: Column, width: number | undefined): object {
  if (x.kind === 'time') return { field: 'x', ...temporal(x.name) }
  if (x.kind === 'number')
    return { field: 'x', ...quantitative(x.name, [], { scale: { zero: false, nice: false }, axis: { format: isYears(x) ? 'd' : ',f' } }) }
  limitDistinct(200, 'x', x)
  return { field: 'x', ...nominal(x.name, distinctCells(x), width, { type: 'ordinal' }) }
}

/** Whether all cells may be years, which are written 2024 instead of 2,024. */
const isYears = (x: Column) =>
  x.cells.every((cell) => cell === null || (Number.isInteger(cell) && Number(cell) >= 1500 && Number(cell) <= 2200))
