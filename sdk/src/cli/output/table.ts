import { printable } from './printable.ts'

export interface Column<Row> {
  title: string
  /** The content of the cell; null and undefined show as `-`. */
  of(row: Row): string | number | null | undefined
}

/** Aligns rows under their titles. Each line is cut to `maxColumns` characters. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], maxColumns = Infinity): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => cellOf(column.of(row))))]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)))
  return cells.map((line) => {
    const text = line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
    return text.length > maxColumns ? `${text.slice(0, maxColumns - 1)}…` : text
  })
}

const cellOf = (value: string | number | null | undefined) =>
  value === null || value === undefined ? '-' : printable(String(value)).replaceAll('\n', ' ')
