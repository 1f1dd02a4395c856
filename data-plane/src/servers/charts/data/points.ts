import type { Cell } from './table.ts'
import type { Column } from './column.ts'

export const AGGREGATES = ['count', 'sum', 'mean', 'median', 'min', 'max'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/**
 * Aggregates the values of equal places, in the order in which the places first occur. A place without any number has
 * the value null, except that its rows can be counted.
 */
export function aggregatePlaces<Key extends object>(
  places: Key[],
  values: (number | null)[] | undefined,
  by: Aggregate,
): (Key & { value: number | null })[] {
  const groups = new Map<string, { place: Key; numbers: number[]; rows: number }>()
  for (const [i, place] of places.entries()) {
    const key = JSON.stringify(Object.values(place))
    const group = groups.get(key) ?? { place, numbers: [], rows: 0 }
    groups.set(key, group)
    group.rows++
    const value = values?.[i]
    if (typeof value === 'number') group.numbers.push(value)
  }
  return [...groups.values()].map(({ place, numbers, rows }) => ({ ...place, value: valueOf(by, rows, numbers) }))
}

function valueOf(by: Aggregate, rows: number, numbers: number[]): number | null {
  if (by === 'count') return rows
  return numbers.length === 0 ? null : summaries[by](numbers)
}

const summaries: Record<Exclude<Aggregate, 'count'>, (numbers: number[]) => number> = {
  sum,
  mean: (numbers) => sum(numbers) / numbers.length,
  median,
  min: (numbers) => numbers.reduce((min, n) => Math.min(min, n), numbers[0] ?? 0),
  max: (numbers) => numbers.reduce((max, n) => Math.max(max, n), numbers[0] ?? 0),
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2
}

/** The cells that differ: names of times in order of time, else in the order in which they first occur. */
export function distinctCells(column: Column | undefined): Cell[] {
  const cells = [...new Set(column?.cells.filter((cell) => cell !== null))]
  return column?.areTimes ? cells.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : cells
}
