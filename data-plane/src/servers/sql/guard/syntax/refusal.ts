import { ToolError } from '@bir/sdk/contract/errors'

/** The guard's no: what is not accepted, and what to write instead. It never tells whether a table exists. */
export const refused = (message: string, hint: string): ToolError => new ToolError('refused_by_policy', message, { hint })

/** One answer for a table that is not there and for one the person may not read: byte for byte the same. */
export const noSuchTable = (name: string): ToolError =>
  refused(`The table "${name}" does not exist, or you may not read it.`, 'list_tables shows every table you may read.')

/** One answer for a column that is not there and for a hidden one. */
export const noSuchColumn = (name: string): ToolError =>
  new ToolError('invalid_input', `The column "${name}" does not exist.`, { hint: 'describe_table shows the columns you may read.' })

export const maskedUse = (name: string): ToolError =>
  refused(
    `The column "${name}" is masked for you: it may be selected as it stands, and nothing else.`,
    'Keep it out of conditions, expressions, joins, sorting, grouping, DISTINCT and subqueries that feed expressions.',
  )
