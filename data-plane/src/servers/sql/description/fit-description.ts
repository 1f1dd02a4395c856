import { readPage } from '../format/page.ts'
import { columnAsText, descriptionAsText } from './description-as-text.ts'
import type { Description } from './description.ts'
import type { DescribedColumn } from './read-columns.ts'

const lists = ['indexes', 'checks', 'references', 'referenced_by'] as const
/** Room for the cursor and the note. */
const frameChars = 300

/**
 * One page of a description: as many columns as an answer may have characters. What is told of the table as a whole is
 * on the first page, and takes at most half of it.
 */
export function fitDescription(description: Description, cursor: string | undefined, maxChars: number): Description {
  const whole = cursor === undefined ? shortened(description, maxChars / 2) : withoutLists(description)
  const room = maxChars - frameChars - lengthOf({ ...whole, columns: [] })
  const items = description.columns.map((column) => ({ column, place: [column.number], chars: lengthOfColumn(column) }))
  const page = readPage(items, items.length, cursor, room)
  const columns = page.items.map(({ column }) => column)
  const sample = whole.sample?.map((row) => row.slice(0, columns.length))
  return { ...whole, columns, next_cursor: page.nextCursor, ...(sample ? { sample } : {}) }
}

const lengthOf = (description: Description) => Math.max(JSON.stringify(description).length, descriptionAsText(description).length)

const lengthOfColumn = (column: DescribedColumn) => Math.max(JSON.stringify(column).length, columnAsText(column).length) + 1

const withoutLists = (description: Description): Description => ({
  ...withoutSample(description),
  indexes: [],
  checks: [],
  references: [],
  referenced_by: [],
})

const withoutSample = (description: Description): Description => ({ ...description, sample: undefined })

/** The description without its sample and with shorter lists, when it is longer than `maxChars`. The note says so. */
function shortened(description: Description, maxChars: number): Description {
  if (lengthOf({ ...description, columns: [] }) <= maxChars) return description
  const bare = withoutSample(description)
  const cut = (max: number) => ({ ...bare, ...Object.fromEntries(lists.map((list) => [list, bare[list].slice(0, max)])) })
  const max = [1_000, 64, 16, 4].find((count) => lengthOf({ ...cut(count), columns: [] }) <= maxChars) ?? 0
  return { ...cut(max), note: leftOutNote(description, max) }
}

function leftOutNote(description: Description, max: number): string {
  const left = lists.filter((list) => description[list].length > max).map((list) => `${description[list].length - max} more ${list}`)
  const sample = description.sample ? ['the sample rows'] : []
  return `left out, because the answer would be too long: ${[...left, ...sample].join(', ')}`
}
