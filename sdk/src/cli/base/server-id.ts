import { ServerId } from '../../contract/names.ts'
import { badUsage } from './fault.ts'

/** It becomes part of an address, so it is checked before anything is asked or written. */
export function serverId(text: string, where = '--server'): string {
  const { success, error } = ServerId.safeParse(text)
  if (success) return text
  throw badUsage(`${where} "${text}": ${error.issues[0]?.message ?? 'no server id'}.`)
}
