import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliFault } from '../base/fault.ts'
import { createOperator, OperatorKey } from '../../operator.ts'
import type { Operator } from '../../operator.ts'

/** Reads `operator.key` in the gateway's home. Throws `CliFault` when the file cannot be read or is no key. */
export async function openOperator(birHome: string, options: { issuer: string; osUser: string }): Promise<Operator> {
  return createOperator(await readKey(join(birHome, 'operator.key')), options)
}

async function readKey(file: string): Promise<OperatorKey> {
  const faultOf = (problem: string, cause?: unknown) => new CliFault('no_operator_key', `${file} ${problem}`, { cause })
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw faultOf('cannot be read: run bir as the user who started the gateway.', cause)
  }
  try {
    return OperatorKey.parse(JSON.parse(text))
  } catch {
    throw faultOf('is not an operator key: stop the gateway, remove the file and start again to get a new one.')
  }
}
