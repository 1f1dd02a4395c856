import { chmod, copyFile, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EXIT } from '../../base/exit.ts'
import { CliFault } from '../../base/fault.ts'
import { Unchangeable } from './change.ts'
import type { Change, FileFormat } from './change.ts'

interface WriteResult {
  file: string
  /** The file with the former content. Undefined when there was none, or nothing changed. */
  backup: string | undefined
  changed: boolean
}

interface Options {
  format: FileFormat
  change: Change
  /** The file will hold a token. */
  secret: boolean
  nowMs: number
}

/**
 * Puts one entry into a client's file and leaves everything else as it is. Throws `CliFault` when the file is in a form
 * in which that is not possible.
 */
export async function writeEntry(path: string, { format, change, secret, nowMs }: Options): Promise<WriteResult> {
  const file = await realpath(path).catch(() => path)
  const oldText = await textOf(file)
  const newText = applied(format, change, oldText, file)
  if (newText === oldText) return { file, backup: undefined, changed: false }

  const backup = oldText === undefined ? undefined : `${file}.backup-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
  try {
    await mkdir(dirname(file), { recursive: true })
    if (backup) await copyFile(file, backup)
    await replace(file, newText, secret)
  } catch (cause) {
    throw new CliFault('bad_file', `${file} cannot be written.`, { exit: EXIT.badInput, cause })
  }
  return { file, backup, changed: true }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new CliFault('bad_file', `${file} cannot be read.`, { exit: EXIT.badInput, cause })
  }
}

function applied(format: FileFormat, change: Change, text: string | undefined, file: string): string {
  try {
    return format.apply(change, text)
  } catch (cause) {
    if (!(cause instanceof Unchangeable)) throw cause
    const message = `${file} was left as it is (${cause.message}): correct it, or leave out --write and paste the entry.`
    throw new CliFault('bad_file', message, { exit: EXIT.badInput, cause })
  }
}

/**
 * Writes another file and renames it, so that a client never reads
 * half a file. With a token in it, only its owner can read it.
 */
async function replace(file: string, text: string, secret: boolean): Promise<void> {
  const mode = await stat(file).then(
    (stats) => stats.mode & 0o777,
    () => 0o644,
  )
  const newFile = `${file}.${process.pid}.new`
  await writeFile(newFile, text, { mode: 0o600 })
  await chmod(newFile, secret ? 0o600 : mode)
  await rename(newFile, file)
}
