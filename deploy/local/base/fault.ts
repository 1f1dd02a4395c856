/** A failure that stops the start. `message` is one sentence that a person can act on. */
export class StartFault extends Error {
  override name = 'StartFault'
}

/** Some read-only disks answer ENOENT when a folder is made. */
const unwritableCodes = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'ENOENT'])

/** Turns a common error of the file system into a `StartFault`. Returns any other error as it is. */
export function homeFault(error: unknown, home: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StartFault(`The disk that holds ${home} is full: free some space and start again.`)
  if (typeof code === 'string' && unwritableCodes.has(code)) {
    return new StartFault(`The folder ${home} cannot be written: make it writable, or set BIR_HOME to a folder that is.`)
  }
  return error
}
