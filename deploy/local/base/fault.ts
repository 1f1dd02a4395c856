/** Why the start stops, in one sentence that a person can act on. */
export class StartFault extends Error {
  override name = 'StartFault'
}

/** ENOENT is what making a folder says on some read-only disks. */
const unwritable = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'ENOENT'])

/** A failure as a sentence where it is one of the file system's usual ones. */
export function homeFault(error: unknown, home: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StartFault(`The disk that holds ${home} is full: free some space and start again.`)
  if (typeof code === 'string' && unwritable.has(code)) {
    return new StartFault(`The folder ${home} cannot be written: make it writable, or set BIR_HOME to a folder that is.`)
  }
  return error
}
