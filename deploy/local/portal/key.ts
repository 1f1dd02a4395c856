import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newPortalKey, PortalKey } from '@bir/sdk/portal-key'
import { StartFault } from '../base/fault.ts'
import { writeAtomically } from '../base/home.ts'

/**
 * Makes the portal's key at the first start, and reads it at every later one: so people stay signed in over a restart.
 * The portal alone is told where it is; the control plane gets the public half.
 */
export async function ensurePortalKey(file: string): Promise<PortalKey> {
  if (existsSync(file)) return readKey(file)
  const key = await newPortalKey()
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeAtomically(file, JSON.stringify(key))
  return key
}

function readKey(file: string): PortalKey {
  try {
    return PortalKey.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFault(`${file} is damaged: remove it, and the next start makes a new one; people sign in at the portal again.`)
  }
}
