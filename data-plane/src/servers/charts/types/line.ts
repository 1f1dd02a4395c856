import { distinctCells } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import type { Draw } from './sketch.ts'
import { quantitative, limitDistinct, nominal, colours, temporal } from './scales.ts'
import { summarise } from './summed.ts'

const maxMarkedPoints = 40

export const line: Draw = (table, encoding) => {
  const { x, series, values, title, notes } = summarise(table, encoding)
  limitDistinct(20, 'series', series)
  const y = quantitative(
    title,
    values.map((row) => row.value),
    { field: 'value' },
  )
  const mark = { type: 'line', ...(values.length <= maxMarkedPoints ? { point: { size: 45 } } : {}) }
  return { values, spec: { mark, encoding: { x: xChannel(x), y, ...colours(series) } }, notes }
}

export const area: Draw = (table, encoding) => {
  const { x, series, values, title, notes } = summarise(table, encoding)
  limitDistinct(20, 'series', series)
  const y = quantitative(
    title,
    values.map((row) => row.value),
    { field: 'value', stack: 'zero' },
  )
  return {
    values,
    spec: { mark: { type: 'area', opacity: series ? 0.85 : 0.35 }, encoding: { x: xChannel(x), y, ...colours(series) } },
    notes,
  }
}

function xChannel(x: Column): object {
  if (x.kind === 'time') return { field: 'x', ...temporal(x.name) }
  if (x.kind === 'number')
    return { field: 'x', ...quantitative(x.name, [], { scale: { zero: false, nice: false }, axis: { format: isYears(x) ? 'd' : ',' } }) }
  limitDistinct(200, 'x', x)
  return { field: 'x', ...nominal(x.name, distinctCells(x), { type: 'ordinal' }) }
}

/** Whether all cells may be years, which are written 2024 instead of 2,024. */
const isYears = (x: Column) =>
  x.cells.every((cell) => cell === null || (Number.isInteger(cell) && Number(cell) >= 1500 && Number(cell) <= 2200))
