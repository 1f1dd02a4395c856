import type { Aggregate } from '../data/points.ts'
import type { Cell, Table } from '../data/table.ts'

/** The columns that a caller assigns to the channels of a chart. */
export interface ChartEncoding {
  x: string
  y?: string | undefined
  series?: string | undefined
  aggregate?: Aggregate | undefined
  /** Of the whole picture, in px. */
  width?: number | undefined
}

/** A chart before it gets its title, size and theme. */
interface Sketch {
  values: Record<string, Cell>[]
  /** The parts of the Vega-Lite spec that say how the values are drawn. */
  spec: Record<string, unknown>
  /** The height, unless the caller asks for one. */
  height?: number
  /** What was done without the caller's asking. */
  notes: string[]
}

export type Draw = (table: Table, encoding: ChartEncoding) => Sketch
