import { ToolError } from '@bir/sdk/contract/errors'

/**
 * A refusal by the guard: what is not accepted, and what to write instead. It must never tell whether a table exists.
 */
export const refusal = (message: string, hint: string): ToolError => new ToolError('refused_by_policy', message, { hint })

/** The same error, byte for byte, for a table that does not exist and for one that the person may not read. */
export const noSuchTable = (name: string): ToolError =>
  refusal(`The table "${name}" does not exist, or you may not read it.`, 'list_tables shows every table you may read.')

/** The same error for a column that does not exist and for a hidden one. */
export const noSuchColumn = (name: string): ToolError =>
  new ToolError('invalid_input', `The column "${name}" does not exist.`, { hint: 'describe_table shows the columns you may read.' })
