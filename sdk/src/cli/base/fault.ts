import { EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { ApiFailure } from '../../client.ts'
import { printable } from '../output/printable.ts'

/** One thing wrong with a file, where a person can find it. Lines and columns count from 1. */
export interface FileFault {
  line?: number
  column?: number
  /** Where in the document, such as `grants[2].level`. */
  path: string
  message: string
}

/** Something a person can act on, said in one sentence. */
export class CliFault extends Error {
  override readonly name = 'CliFault'
  readonly code: string
  readonly exit: ExitCode
  readonly file: string | undefined
  readonly faults: readonly FileFault[]

  constructor(
    code: string,
    message: string,
    more: { exit?: ExitCode; file?: string; faults?: readonly FileFault[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.exit = more.exit ?? EXIT.failed
    this.file = more.file
    this.faults = more.faults ?? []
  }
}

export const badUsage = (message: string) => new CliFault('usage', message, { exit: EXIT.badInput })

/** Anything thrown, as something to say. What nobody foresaw says so, without a stack. */
export function faultOf(error: unknown): CliFault {
  if (error instanceof CliFault) return error
  if (error instanceof ApiFailure) {
    const exit = error.code === 'invalid_input' || error.code === 'not_found' ? EXIT.badInput : EXIT.failed
    return new CliFault(error.code, error.message, { exit, cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new CliFault('internal', `This should not have happened: ${message}`, { cause: error })
}

/** For a person on stderr, a line a fault. */
export function wordsOf({ message, file, faults }: CliFault): string {
  const lines = faults.map((fault) => `  ${placeOf(file, fault)}${fault.path && `${fault.path}: `}${fault.message}`)
  return [`bir: ${message}`, ...lines].map((line) => `${printable(line)}\n`).join('')
}

function placeOf(file: string | undefined, { line, column }: FileFault): string {
  if (line === undefined) return ''
  return `${file ?? ''}:${line}:${column ?? 1} `
}

/** For a script on stderr: one line of JSON. */
export const jsonOf = ({ code, message, file, faults }: CliFault): string =>
  `${JSON.stringify({ error: { code, message, ...(file === undefined ? {} : { file }), ...(faults.length > 0 ? { faults } : {}) } })}\n`
