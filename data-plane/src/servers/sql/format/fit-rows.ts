import { ToolError } from '@bir/sdk/contract/errors'
import { shortenCell } from './cells.ts'
import type { Cell } from './cells.ts'
import { rowAsText, rowsAsText } from './rows-as-text.ts'

interface Result {
  columns: { name: string; type: string }[]
  rows: Cell[][]
  rows_returned: number
  more: boolean
  masked: string[]
  note?: string
}

/** Room for the note that says what is left out. */
const noteChars = 400
/** No character takes more when it is escaped, in JSON or in the text of a row. */
const maxEscapedChars = 6
const shorterCells = [200, 100, 50, 20, 10]

/**
 * As many rows of a result as an answer may have characters, counted in its structured content and in its text. The
 * note says what was left out and how to get it. A first row that is too long by itself is told with shorter cells.
 */
export function fitRows<T extends Result>(result: T, maxChars: number): T {
  if (isSurelyShort(result, maxChars)) return result
  const room = roomForRows(result, maxChars)
  const fitting = countFitting(result, room)
  if (fitting === result.rows.length) return result
  const count = countFitting(result, { json: room.json - noteChars, text: room.text - noteChars })
  if (count > 0) return withRows(result, result.rows.slice(0, count), leftOutNote(result, count, maxChars))
  return withShortRow(result, { json: room.json - noteChars, text: room.text - noteChars }, maxChars)
}

interface Room {
  json: number
  text: number
}

/** Most results are far from the limit: they are not written twice to find that out. */
function isSurelyShort({ columns, rows, masked, note }: Result, maxChars: number): boolean {
  let chars = 500 + (note?.length ?? 0)
  for (const name of masked) chars += name.length + 5
  for (const { name, type } of columns) chars += name.length + type.length + 30
  for (const row of rows) for (const cell of row) chars += 5 + (typeof cell === 'string' ? cell.length : 25)
  return chars * maxEscapedChars <= maxChars
}

function roomForRows<T extends Result>(result: T, maxChars: number): Room {
  const empty = { ...result, rows: [] }
  const room = { json: maxChars - JSON.stringify(empty).length, text: maxChars - rowsAsText(empty).length }
  if (Math.min(room.json, room.text) > noteChars) return room
  throw new ToolError(
    'too_large',
    `The names of ${result.columns.length} columns fill an answer, which has at most ${maxChars} characters.`,
    {
      hint: 'Select fewer columns.',
    },
  )
}

function countFitting({ rows, columns }: Result, { json, text }: Room): number {
  let [jsonLeft, textLeft] = [json, text]
  for (const [at, row] of rows.entries()) {
    jsonLeft -= JSON.stringify(row).length + 1
    textLeft -= rowAsText(row, columns).length + 1
    if (jsonLeft < 0 || textLeft < 0) return at
  }
  return rows.length
}

const withRows = <T extends Result>(result: T, rows: Cell[][], note: string): T => ({
  ...result,
  rows,
  rows_returned: rows.length,
  more: true,
  note,
})

const leftOutNote = ({ rows, more }: Result, count: number, maxChars: number) =>
  `the answer is full: it has at most ${maxChars} characters, and ${more ? 'at least ' : ''}${rows.length - count} more rows are left out. ` +
  `Select fewer or shorter columns, such as left(name, 50), or go on with a fixed ORDER BY and OFFSET ${count}`

function withShortRow<T extends Result>(result: T, room: Room, maxChars: number): T {
  const [first = []] = result.rows
  for (const max of shorterCells) {
    const row = first.map((cell) => shortenCell(cell, max))
    if (countFitting({ ...result, rows: [row] }, room) === 0) continue
    const others = result.rows.length > 1 || result.more ? ', and the rows after it are left out' : ''
    const note = `the row is longer than the ${maxChars} characters of an answer: its cells are cut to ${max} characters${others}. Select fewer or shorter columns`
    return { ...withRows(result, [row], note), more: others !== '' }
  }
  throw new ToolError(
    'too_large',
    `One row with ${result.columns.length} columns is longer than the ${maxChars} characters of an answer.`,
    {
      hint: 'Select fewer columns.',
    },
  )
}
