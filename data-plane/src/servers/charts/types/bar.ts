import { namesOf } from '../data/column.ts'
import type { Draw } from './sketch.ts'
import { amounts, atMost, categories, colours, longest } from './scales.ts'
import { summed } from './summed.ts'

const few = 12

/** Bars lie down when their names would not fit beneath them. What adds up is stacked, what does not stands side by side. */
export const bar: Draw = (table, wanted) => {
  const { x, series, values: placed, title, by, notes } = summed(table, wanted)
  const timed = x.kind === 'time'
  atMost(timed ? 400 : 80, 'x', x)
  atMost(20, 'series', series)
  const ordered = timed ? placed.toSorted((a, b) => Number(a.x) - Number(b.x)) : placed
  const source = namesOf({ ...x, cells: ordered.map((row) => row.x) })
  const values = ordered.map((row, i) => ({ ...row, x: source[i] ?? null }))

  const names = [...new Set(source)]
  const additive = by === undefined || by === 'sum' || by === 'count'
  const lies = !timed && (names.length > few || longest(names) * names.length > 90)
  const upright = timed && names.length > few ? { axis: { labelAngle: -40, labelOverlap: true } } : {}
  const along = { field: 'x', ...categories(x.name, names, lies ? { axis: { labelLimit: 220, labelAngle: 0 } } : upright) }
  const amount = {
    field: 'value',
    stack: additive ? 'zero' : null,
    ...amounts(
      title,
      values.map((row) => row.value),
    ),
  }
  const beside = series && !additive ? { [lies ? 'yOffset' : 'xOffset']: { field: 'series', type: 'nominal', sort: null } } : {}
  return {
    values,
    spec: {
      mark: 'bar',
      encoding: { ...(lies ? lying(along, amount) : { x: along, y: amount }), ...beside, ...colours(series) },
    },
    ...(lies ? { height: Math.min(1_900, 130 + names.length * (series && !additive ? 40 : 26)) } : {}),
    notes,
  }
}

const lying = (along: object, amount: { axis: object }) => ({
  x: { ...amount, axis: { ...amount.axis, grid: true } },
  y: { ...along, title: null },
})
