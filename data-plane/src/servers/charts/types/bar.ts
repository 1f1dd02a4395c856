import { namesOf } from '../data/column.ts'
import { distinctCells } from '../data/points.ts'
import type { Draw } from './sketch.ts'
import { quantitative, limitDistinct, nominal, colours, lengthOfLongest, longLabelPx } from './scales.ts'
import { summarise } from './summed.ts'

const maxUprightBars = 12

/**
 * Bars are horizontal when their names would not fit beneath them. Series are stacked if their values can be added,
 * else drawn side by side.
 */
export const bar: Draw = (table, encoding) => {
  const { x, series, values: points, title, by, notes } = summarise(table, encoding)
  const isTime = x.kind === 'time'
  limitDistinct(isTime ? 400 : 80, 'x', x)
  limitDistinct(20, 'series', series)
  const sortedPoints = isTime ? points.toSorted((a, b) => Number(a.x) - Number(b.x)) : points
  const pointNames = namesOf({ ...x, cells: sortedPoints.map((row) => row.x) })
  const values = sortedPoints.map((point, i) => ({ ...point, x: pointNames[i] ?? null }))

  const names = [...new Set(pointNames)]
  const isAdditive = by === undefined || by === 'sum' || by === 'count'
  const isHorizontal = !isTime && (names.length > maxUprightBars || lengthOfLongest(names) * names.length > 90)
  const uprightAxis = isTime && names.length > maxUprightBars ? { axis: { labelAngle: -40, labelOverlap: true } } : {}
  const nameChannel = {
    field: 'x',
    ...nominal(
      x.name,
      names,
      encoding.width,
      isHorizontal ? { axis: { labelLimit: longLabelPx(encoding.width), labelAngle: 0 } } : uprightAxis,
    ),
  }
  const valueChannel = {
    field: 'value',
    stack: isAdditive ? 'zero' : null,
    ...quantitative(
      title,
      values.map((row) => row.value),
    ),
  }
  const offset =
    series && !isAdditive
      ? { [isHorizontal ? 'yOffset' : 'xOffset']: { field: 'series', type: 'nominal', sort: distinctCells(series) } }
      : {}
  return {
    values,
    spec: {
      mark: 'bar',
      encoding: {
        ...(isHorizontal ? horizontal(nameChannel, valueChannel) : { x: nameChannel, y: valueChannel }),
        ...offset,
        ...colours(series),
      },
    },
    ...(isHorizontal ? { height: Math.min(1_900, 130 + names.length * (series && !isAdditive ? 40 : 26)) } : {}),
    notes,
  }
}

const horizontal = (nameChannel: object, valueChannel: { axis: object }) => ({
  x: { ...valueChannel, axis: { ...valueChannel.axis, grid: true } },
  y: { ...nameChannel, title: null },
})
