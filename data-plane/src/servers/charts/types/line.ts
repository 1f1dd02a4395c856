import { distinct } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import type { Draw } from './sketch.ts'
import { amounts, atMost, categories, colours, moments } from './scales.ts'
import { summed } from './summed.ts'

const few = 40

export const line: Draw = (table, wanted) => {
  const { x, series, values, title, notes } = summed(table, wanted)
  atMost(20, 'series', series)
  const amount = amounts(
    title,
    values.map((row) => row.value),
    { field: 'value' },
  )
  const mark = { type: 'line', ...(values.length <= few ? { point: { size: 45 } } : {}) }
  return { values, spec: { mark, encoding: { x: along(x), y: amount, ...colours(series) } }, notes }
}

export const area: Draw = (table, wanted) => {
  const { x, series, values, title, notes } = summed(table, wanted)
  atMost(20, 'series', series)
  const amount = amounts(
    title,
    values.map((row) => row.value),
    { field: 'value', stack: 'zero' },
  )
  return {
    values,
    spec: { mark: { type: 'area', opacity: series ? 0.85 : 0.35 }, encoding: { x: along(x), y: amount, ...colours(series) } },
    notes,
  }
}

function along(x: Column): object {
  if (x.kind === 'time') return { field: 'x', ...moments(x.name) }
  if (x.kind === 'number')
    return { field: 'x', ...amounts(x.name, [], { scale: { zero: false, nice: false }, axis: { format: yearly(x) ? 'd' : ',' } }) }
  atMost(200, 'x', x)
  return { field: 'x', ...categories(x.name, distinct(x), { type: 'ordinal' }) }
}

/** 2024 is a year, not 2,024. */
const yearly = (x: Column) =>
  x.cells.every((cell) => cell === null || (Number.isInteger(cell) && Number(cell) >= 1500 && Number(cell) <= 2200))
