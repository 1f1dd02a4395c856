import { ToolError } from '@bir/sdk/contract/errors'
import { visible } from '../../format/visible.ts'

/**
 * Our messages for errors that arise while a statement runs, by SQLSTATE or its class (PostgreSQL, appendix A). They
 * take the place of PostgreSQL's own, which repeat values of rows, also of rows that a view withholds from the person,
 * and names that belong to the gateway. Only these words are told, so no value can be in them.
 */
const messages: Readonly<Record<string, string>> = {
  '0A': 'The database does not support what the statement asks.',
  '21': 'A subquery that may give one row gave several.',
  '22': 'A value does not fit.',
  '22P02': 'A value does not have the form of its type.',
  '22P05': 'A character cannot be translated.',
  '22001': 'A text is too long for its type.',
  '22003': 'A number is out of range.',
  '22004': 'A value is null where null is not allowed.',
  '22007': 'A value is not a date or time.',
  '22008': 'A date or time is out of range.',
  '22012': 'Division by zero.',
  '22021': 'A value holds bytes that are no characters.',
  '22023': 'A parameter of a function has a wrong value.',
  '22025': 'The escape of a pattern is wrong.',
  '2201B': 'A regular expression is wrong.',
  '2201E': 'A logarithm has a wrong argument.',
  '2201F': 'A power or root has a wrong argument.',
  '2201G': 'A bound or count of width_bucket is wrong.',
  '2201W': 'LIMIT must not be negative.',
  '2201X': 'OFFSET must not be negative.',
  '2202E': 'An array has a wrong shape.',
  '42601': 'A value does not have the form of its type.',
  '42602': 'A value is no name.',
  '42804': 'The types of two values do not fit.',
  '42883': 'A type has no operator or function that the statement needs.',
  '42P21': 'Two texts have different collations. Name one with COLLATE.',
  '42P22': 'The collation of a text is not known. Name one with COLLATE.',
  '54': 'The statement or a value is beyond a limit of the database.',
}

const retryLater = { retryable: true, hint: 'Try again later; if it stays, tell an administrator.' }
const tellAdministrator = { hint: 'Tell an administrator.' }

/** What PostgreSQL says of an error (Frontend/Backend Protocol, Error and Notice Message Fields). */
interface DatabaseError {
  code?: unknown
  message?: string
  position?: string
  internalQuery?: string
  where?: string
}

/** Turns an error of the database or the driver into one whose message shows nothing that the person may not see. */
export function toToolError(cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause
  const error = cause as DatabaseError
  const { code } = error
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined
  if (state === undefined) return new ToolError('upstream_down', 'The database cannot be reached.', { ...retryLater, cause })

  if (state === '57014')
    return new ToolError('timed_out', 'The query took too long and was stopped.', {
      hint: 'Narrow it: fewer rows, a condition on an index.',
      cause,
    })
  if (state === '55P03') return new ToolError('upstream_down', 'A table is locked by another session.', { ...retryLater, cause })
  if (state.startsWith('28') || state === '3D000')
    return new ToolError('upstream_down', 'The gateway cannot log in to the database.', { ...tellAdministrator, cause })
  if (/^(08|53|57|58|XX)/.test(state)) return new ToolError('upstream_down', 'The database is not available.', { ...retryLater, cause })
  if (state.startsWith('HV'))
    return new ToolError('upstream_down', 'A foreign server of the database is not available.', { ...retryLater, cause })
  if (state === '42501' || state === '42P01' || state.startsWith('25'))
    return new ToolError('refused_by_policy', 'The database does not let the gateway read this.', { ...tellAdministrator, cause })

  return isFaultOfText(state, error) ? textError(error) : runError(state, error)
}

/**
 * Is the text of the statement at fault, and not a value? Then the message mentions only what the statement says.
 * PostgreSQL gives the place in the statement to such errors, and to none that a row, a view or a function causes while
 * the statement runs: of what a function runs, the place is in `internalQuery`, and `where` names the function. A
 * constant that is no JSON has a `where` too.
 */
const isFaultOfText = (state: string, { position, internalQuery, where }: DatabaseError): boolean =>
  /^(0A|21|22|42|54)/.test(state) &&
  Number(position) > 0 &&
  internalQuery === undefined &&
  (where === undefined || /^JSON data, line \d+: [^\n]*$/.test(where))

/** PostgreSQL's hints and details stay away: they would suggest other columns. */
const textError = (cause: DatabaseError) =>
  new ToolError('invalid_input', `${visible(cause.message ?? 'The statement is wrong')} (at character ${cause.position})`, {
    hint: 'Correct the statement.',
    cause,
  })

/** Something went wrong with a value while the statement ran: a parameter of the caller, or a value in a row. */
function runError(state: string, cause: DatabaseError): ToolError {
  const message = messages[state] ?? messages[state.slice(0, 2)] ?? `The database refused the query (${state}).`
  const param = /(?:^|\n)(?:unnamed portal|portal "[^"]*") parameter \$(\d+) = .*$/.exec(cause.where ?? '')?.[1]
  const hint =
    param === undefined
      ? 'A value in the rows, in params or in the statement itself causes it: leave such values out with a condition, or do not convert them.'
      : `Correct the value of $${param} in params.`
  return new ToolError('invalid_input', message, { hint, cause })
}
