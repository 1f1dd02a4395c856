import type { Command } from 'commander'
import { EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { ApiFailure } from '../../client.ts'
import { inOptions } from './option-names.ts'
import { printable } from '../output/printable.ts'

/** One fault in a file, and its place. Lines and columns count from 1. */
export interface FileFault {
  line?: number
  column?: number
  /** The place in the document, such as `grants[2].level`. */
  path: string
  message: string
}

/** A failure that a person can act on. `message` is one sentence. */
export class CliFault extends Error {
  override readonly name = 'CliFault'
  readonly code: string
  readonly exit: ExitCode
  readonly file: string | undefined
  readonly faults: readonly FileFault[]

  constructor(
    code: string,
    message: string,
    options: { exit?: ExitCode; file?: string; faults?: readonly FileFault[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.exit = options.exit ?? EXIT.failed
    this.file = options.file
    this.faults = options.faults ?? []
  }
}

/** A fault of the command line. */
export const badUsage = (message: string) => new CliFault('usage', message, { exit: EXIT.badInput })

/**
 * Turns anything that was thrown into a fault. An unexpected
 * error gets the code `internal`, and its stack is not shown. What is wrong with the input is said of the options of
 * the command that ran.
 */
export function toCliFault(error: unknown, command?: Command): CliFault {
  if (error instanceof CliFault) return error
  if (error instanceof ApiFailure) {
    const exit = error.code === 'invalid_input' || error.code === 'not_found' ? EXIT.badInput : EXIT.failed
    const isOfInput = error.code === 'invalid_input' && command !== undefined
    return new CliFault(error.code, isOfInput ? inOptions(error.message, command) : error.message, { exit, cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new CliFault('internal', `This should not have happened: ${message}`, { cause: error })
}

/** The fault as text for a person: the message, then one line per fault of a file. */
export function faultText({ message, file, faults }: CliFault): string {
  const lines = faults.map((fault) => `  ${placeOf(file, fault)}${fault.path && `${fault.path}: `}${fault.message}`)
  return [`bir: ${message}`, ...lines].map((line) => `${printable(line)}\n`).join('')
}

function placeOf(file: string | undefined, { line, column }: FileFault): string {
  if (line === undefined) return ''
  return `${file ?? ''}:${line}:${column ?? 1} `
}

/** The fault as one line of JSON for a script. */
export const faultJson = ({ code, message, file, faults }: CliFault): string =>
  `${JSON.stringify({ error: { code, message, ...(file === undefined ? {} : { file }), ...(faults.length > 0 ? { faults } : {}) } })}\n`

/** Why the system refused, such as ENOENT. */
export const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable')
