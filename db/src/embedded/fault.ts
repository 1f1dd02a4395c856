/** The embedded Postgres cannot serve. The message is one sentence that tells a person what to do. */
export class PostgresFault extends Error {
  override name = 'PostgresFault'
}

/** Turns an error of the file system at `path` into a `PostgresFault`. Returns an unknown error unchanged. */
export function faultOf(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path)
  if (code === 'EINVAL' && error instanceof Error && /chown/.test(error.message)) {
    return new PostgresFault(
      'As root, the embedded Postgres runs as a user of its own, and this container has no other users: map more user ids into it, or start as a user other than root.',
    )
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return notWritable(path)
  return error
}

/** Turns the last output of Postgres or initdb into a `PostgresFault`. */
export function faultOfLog(log: string, data: string): PostgresFault {
  if (/No space left on device|Disk quota exceeded/i.test(log)) return diskFull(data)
  if (/Read-only file system|Permission denied/i.test(log)) return notWritable(data)
  if (/could not look up effective user ID/.test(log)) {
    return new PostgresFault('PostgreSQL runs only as a user that has a name on this machine: start as one, or add yours to /etc/passwd.')
  }
  const lastLines = log.trim().split('\n').slice(-4).join(' · ')
  return new PostgresFault(
    `The embedded Postgres cannot start from ${data}, which may be damaged: restore it from a backup, or move it away to begin afresh. It said: ${lastLines}`,
  )
}

const diskFull = (path: string) => new PostgresFault(`The disk that holds ${path} is full: free some space and start again.`)
const notWritable = (path: string) =>
  new PostgresFault(`The folder ${path} cannot be written: make it writable, or set BIR_HOME to a folder that is.`)
