import { rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { newPortalKey, publicKeys } from '../../portal-key.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault, codeOf } from '../base/fault.ts'

/**
 * Makes a key of a portal and writes it to a file that only its owner can read. `register` gets the public half; where
 * it fails, the file goes again. A file that is there already is never written over.
 */
export async function withKeyFile<T>(
  path: string,
  cwd: string,
  register: (jwks: { keys: Record<string, string>[] }) => Promise<T>,
): Promise<{ made: T; file: string }> {
  const file = resolve(cwd, path)
  const key = await newPortalKey()
  await writeFile(file, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw unwritten(file, cause)
  })
  try {
    return { made: await register(await publicKeys(key)), file }
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}

function unwritten(file: string, cause: unknown): CliFault {
  const isThere = codeOf(cause) === 'EEXIST'
  const message = isThere
    ? `${file} is there already, and may be the key of a portal that runs: name another file with --key-file.`
    : `${file} cannot be written (${codeOf(cause)}): name another file with --key-file.`
  return new CliFault('usage', message, { exit: EXIT.badInput, cause })
}
