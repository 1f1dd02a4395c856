/** Codes of Node for a connection that cannot be made or was lost. */
const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
/** Texts of the driver for the same, which have no code. */
const connectionTexts =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Connection ended)/

const unreachable = 'The control plane cannot reach its database. Try again in a moment; if it stays so, tell an operator.'

const unanswered =
  'The database stopped answering while this was under way. Whether a change was made is not known: look before you repeat it, and tell an operator.'

/** The database answers nothing, and refuses nothing. `isBegun`: the work had begun, and may still happen. */
export class DatabaseSilent extends Error {
  override readonly name = 'DatabaseSilent'

  constructor(isBegun: boolean) {
    super(isBegun ? unanswered : unreachable)
  }
}

/**
 * What to tell a caller when the database is away or takes nothing; undefined for every other error. It names no
 * address. The codes of five characters are those of Postgres (appendix A of its manual).
 */
export function outageText(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof DatabaseSilent) return error.message
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === '53100') return 'The disk of the database is full. Tell an operator.'
  if (code === '25006') return 'The database takes no changes: it is a standby. Tell an operator.'
  if (code === '53300') return 'The database has too many connections. Try again in a moment; if it stays so, tell an operator.'
  if (isFatal(error) || /^(?:08...|57P0[1235]|53200)$/.test(code) || connectionCodes.has(code) || isMissingSocket(error, code))
    return unreachable
  return code === '' && connectionTexts.test(error.message) ? unreachable : undefined
}

/** Postgres ends the session with such an error, or begins none: it stops, starts, or takes nobody or not us. */
const isFatal = (error: Error) => 'severity' in error && (error.severity === 'FATAL' || error.severity === 'PANIC')

/** The socket file of a database on this machine that does not run. */
const isMissingSocket = (error: Error, code: string) => code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect'
