import { ServerId } from '../../contract/names.ts'
import { badUsage } from './fault.ts'

/** Checks a server id before it becomes part of an address. `where` names the argument in the fault. */
export function serverId(text: string, where = '--server'): string {
  const { success, error } = ServerId.safeParse(text)
  if (success) return text
  throw badUsage(`${where} "${text}": ${error.issues[0]?.message ?? 'no server id'}.`)
}
