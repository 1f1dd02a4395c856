import { ToolError } from '@bir/sdk/contract/errors'

/**
 * Our messages for PostgreSQL's data errors (SQLSTATE class 22), used in place of PostgreSQL's own. Those repeat
 * values of rows, also of rows that a view withholds from the person.
 */
const dataErrorMessages: Readonly<Record<string, string>> = {
  '22P02': 'A value does not have the form of its type.',
  '22007': 'A value is not a date or time.',
  '22008': 'A date or time is out of range.',
  '22003': 'A number is out of range.',
  '22012': 'Division by zero.',
  '22023': 'A parameter of a function has a wrong value.',
  '2201B': 'A regular expression is wrong.',
  '2201W': 'LIMIT must not be negative.',
  '2201X': 'OFFSET must not be negative.',
  '22P05': 'A character cannot be translated.',
}

const retryLater = { retryable: true, hint: 'Try again later; if it stays, tell an administrator.' }

/** Turns an error of the database or the driver into one whose message shows nothing that the person may not see. */
export function toToolError(cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause
  const { code, message } = cause as { code?: unknown; message?: string }
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined
  if (state === undefined) return new ToolError('upstream_down', 'The database cannot be reached.', { ...retryLater, cause })

  if (state === '57014')
    return new ToolError('timed_out', 'The query took too long and was stopped.', {
      hint: 'Narrow it: fewer rows, a condition on an index.',
      cause,
    })
  if (state === '55P03') return new ToolError('upstream_down', 'A table is locked by another session.', { ...retryLater, cause })
  if (state.startsWith('28') || state === '3D000')
    return new ToolError('upstream_down', 'The gateway cannot log in to the database.', { hint: 'Tell an administrator.', cause })
  if (/^(08|53|57|58|XX)/.test(state)) return new ToolError('upstream_down', 'The database is not available.', { ...retryLater, cause })
  if (state === '42501' || state === '42P01' || state.startsWith('25'))
    return new ToolError('refused_by_policy', 'The database does not let the gateway read this.', { hint: 'Tell an administrator.', cause })

  const dataMessage = state.startsWith('22') ? (dataErrorMessages[state] ?? `A value does not fit (${state}).`) : undefined
  // Errors in the statement itself mention only names the statement has. PostgreSQL's hints would suggest other
  // columns.
  const statementMessage = /^(21|42|0A|54)/.test(state) ? message : undefined
  return new ToolError('invalid_input', dataMessage ?? statementMessage ?? `The database refused the query (${state}).`, {
    hint: 'Correct the statement.',
    cause,
  })
}
