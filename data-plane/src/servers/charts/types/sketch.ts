import type { Aggregate } from '../data/points.ts'
import type { Cell, Table } from '../data/table.ts'

/** What a caller wants drawn. */
export interface Wanted {
  x: string
  y?: string | undefined
  series?: string | undefined
  aggregate?: Aggregate | undefined
}

/** A chart before it gets its title, size and theme. */
interface Sketch {
  values: Record<string, Cell>[]
  /** Everything of a Vega-Lite spec that says how the values are drawn. */
  spec: Record<string, unknown>
  /** Used unless the caller asks for a size. */
  height?: number
  /** What was done that the caller did not ask for. */
  notes: string[]
}

export type Draw = (table: Table, wanted: Wanted) => Sketch
