import { ApiFailure } from '../../client.ts'
import type { FileFault } from '../base/fault.ts'
import { notAPolicy } from './policy-source.ts'
import type { PolicySource } from './policy-source.ts'

/**
 * Adds lines and columns to the faults that the gateway found in a file, such as a person or a tool that does not
 * exist. Returns any other error as it is.
 */
export function withLines(error: unknown, source: PolicySource): unknown {
  if (!(error instanceof ApiFailure) || error.code !== 'invalid_input') return error
  const faults = error.message.split('\n').map((line) => faultAt(line, source))
  return faults.every((fault) => fault !== undefined) ? notAPolicy(source.name, faults, error) : error
}

/** Matches a fault such as `grants[2]: there is no person zoe` or `servers.sql: there is no tool x`. */
const place = /^((servers|users|groups)\.([a-z0-9._@-]+)|(grants|restrictions)\[(\d+)\]): (.+)$/

function faultAt(line: string, { placeOf }: PolicySource): FileFault | undefined {
  const [, path, section, key, list, index, message] = place.exec(line) ?? []
  if (!path || !message) return undefined
  const parts = section === undefined ? [list ?? '', Number(index)] : [section, key ?? '']
  return { ...placeOf(parts), path, message }
}
