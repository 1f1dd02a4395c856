import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { faultOf, PostgresFault } from './fault.ts'

/** The user that owns nothing: what Postgres runs as when root starts it, since it refuses to be root. */
const nobody = { uid: 65_534, gid: 65_534 }
const rootBase = '/var/lib/bir-mcp'
/** A socket address holds about 100 bytes, `/.s.PGSQL.5432` included. */
const maxSocketDirBytes = 88

/** Where one home's Postgres lives, and as whom it runs. */
export interface Places {
  base: string
  data: string
  runtimes: string
  socketDir: string
  logFile: string
  owner: { uid: number; gid: number } | undefined
}

/** Finds or makes the folders. Under root they lie outside the home, which Postgres' own user could not enter. */
export function makePlaces(home: string): Places {
  const owner = process.getuid?.() === 0 ? nobody : undefined
  const base = owner ? rootedBase(home) : join(resolve(home), 'postgres')
  const logs = join(resolve(home), 'logs')
  try {
    for (const folder of [base, join(base, 'runtimes')]) makePrivate(folder, owner)
    mkdirSync(logs, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw faultOf(error, base)
  }
  return {
    base,
    data: join(base, 'data'),
    runtimes: join(base, 'runtimes'),
    socketDir: socketDir(base, owner),
    logFile: join(logs, 'postgres.log'),
    owner,
  }
}

/** Deletes a home's cluster, wherever it lies. For tests, whose homes are their own. */
export function removePlaces(home: string): void {
  const note = readNote(home)
  if (note) rmSync(note.base, { recursive: true, force: true })
}

const Note = z.object({ base: z.string().min(1), cluster: z.string().min(1) })
type Note = z.infer<typeof Note>

/**
 * The home notes its folder, and the folder its home, by a common id. A folder of another id belonged to a home that was
 * deleted and made anew: it is set aside, so that a fresh home begins fresh.
 */
function rootedBase(home: string): string {
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 12)
  const kept = readNote(home)
  const note = kept ?? { base: join(rootBase, name), cluster: randomUUID() }
  const idFile = join(note.base, 'cluster-id')
  const id = existsSync(idFile) ? readFileSync(idFile, 'utf8') : undefined
  try {
    if (id !== undefined && id !== note.cluster) {
      rmSync(`${note.base}.previous`, { recursive: true, force: true })
      renameSync(note.base, `${note.base}.previous`)
    }
    mkdirSync(home, { recursive: true, mode: 0o711 })
    if (!kept) writeNote(home, note)
    mkdirSync(rootBase, { recursive: true })
    chmodSync(rootBase, 0o711)
    mkdirSync(note.base, { recursive: true, mode: 0o700 })
    writeFileSync(idFile, note.cluster, { mode: 0o600 })
  } catch (error) {
    throw faultOf(error, home)
  }
  return note.base
}

const noteFile = (home: string) => join(resolve(home), 'postgres.json')

/** All or nothing: whoever looks while it is written, or after a start that was killed, never finds half a note. */
function writeNote(home: string, note: Note): void {
  const unfinished = `${noteFile(home)}.new`
  writeFileSync(unfinished, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(unfinished, noteFile(home))
}

/** A note that cannot be read is not written anew: the cluster it leads to would be taken for that of another home. */
function readNote(home: string): Note | undefined {
  const file = noteFile(home)
  if (!existsSync(file)) return undefined
  try {
    return Note.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new PostgresFault(`${file} is damaged: restore it from a backup, or move the home away to begin afresh.`)
  }
}

function makePrivate(folder: string, owner: Places['owner']): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  if (owner) chownSync(folder, owner.uid, owner.gid)
}

function socketDir(base: string, owner: Places['owner']): string {
  const inside = join(base, 'socket')
  if (Buffer.byteLength(inside) <= maxSocketDirBytes) {
    makePrivate(inside, owner)
    return inside
  }
  const name = `bir-${createHash('sha256').update(base).digest('hex').slice(0, 12)}`
  const short = join(Buffer.byteLength(join(tmpdir(), name)) <= maxSocketDirBytes ? tmpdir() : '/tmp', name)
  return ownPrivate(short, owner) ? short : mkdtempSync(`${short}-`)
}

/** The folder for temporary files is everyone's: somebody else's folder of our name is not to be trusted. */
function ownPrivate(folder: string, owner: Places['owner']): boolean {
  if (!existsSync(folder)) makePrivate(folder, owner)
  const { uid, mode } = lstatSync(folder)
  return uid === (owner?.uid ?? process.getuid?.()) && (mode & 0o077) === 0
}
