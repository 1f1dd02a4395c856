import type { Draw } from './sketch.ts'
import { invalid } from '../data/table.ts'
import { inkOn, SERIES_COLORS } from '../data/colors.ts'
import { namesOf } from '../data/column.ts'
import { limitDistinct } from './scales.ts'
import { summarise } from './summed.ts'

/** A ring with the largest slice first. A slice that is wide enough is labelled with its share. */
export const pie: Draw = (table, encoding) => {
  const { x, values: summedRows, notes } = summarise(table, { ...encoding, series: undefined })
  limitDistinct(12, 'x', x)
  const names = namesOf({ ...x, cells: summedRows.map((row) => row.x) })
  const unsorted = summedRows.map((row, i) => ({ x: names[i] ?? null, value: row.value }))
  if (unsorted.some((row) => row.value < 0)) throw invalid('y', 'holds negative numbers; a pie shows parts of a whole.', 'Use type bar.')
  const total = unsorted.reduce((total, row) => total + row.value, 0)
  if (total === 0) throw invalid('y', 'adds up to nothing; a pie shows parts of a whole.', 'Use type bar.')

  const values = unsorted
    .toSorted((a, b) => b.value - a.value)
    .map(({ x, value }, rank) => ({
      x: String(x),
      value,
      rank,
      share: value / total,
      label: value / total >= 0.04 ? percent(value / total) : '',
      ink: inkOn(SERIES_COLORS[rank] ?? '#ffffff'),
    }))
  const slices = values.map((row) => row.x)
  const scale = { domain: slices, range: SERIES_COLORS.slice(0, slices.length) }
  const color = { field: 'x', type: 'nominal', title: x.name, sort: slices, scale, legend: { orient: 'right' } }
  const theta = { field: 'value', type: 'quantitative', stack: true }
  return {
    values,
    spec: {
      encoding: { theta, order: { field: 'rank', type: 'quantitative' } },
      layer: [
        {
          mark: { type: 'arc', innerRadius: { expr: 'min(width, height) * 0.22' }, outerRadius: { expr: 'min(width, height) * 0.46' } },
          encoding: { color },
        },
        {
          mark: {
            type: 'text',
            radius: { expr: 'min(width, height) * 0.34' },
            color: { expr: 'datum.ink' },
            fontWeight: 'bold',
            fontSize: 13,
          },
          encoding: { text: { field: 'label', type: 'nominal' } },
        },
      ],
    },
    notes,
  }
}

const percent = (share: number) => `${Math.round(share * 100)}%`
