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
import { chooseUid, handOver } from './owner.ts'
import type { Owner } from './owner.ts'

const rootBase = '/var/lib/bir-mcp'
/** The address of a unix socket holds about 100 bytes, and `/.s.PGSQL.5432` is part of it. */
const maxSocketDirBytes = 88

/** The folders of the Postgres of one home, and the user it runs as (undefined = the current user). */
export interface Places {
  base: string
  data: string
  runtimes: string
  socketDir: string
  logFile: string
  owner: Owner | undefined
}

/**
 * Finds or makes the folders. Postgres refuses to run as root, so when root starts us it runs as a user of its own,
 * and the folders are outside the home, which that user cannot enter. `settlePlaces` lets it in.
 */
export function makePlaces(home: string): Places {
  const rooted = process.getuid?.() === 0 ? rootedBase(home) : undefined
  const owner = rooted && { uid: rooted.user, gid: rooted.user }
  const base = rooted?.base ?? join(resolve(home), 'postgres')
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

/** Lets the user that Postgres runs as into the folders. No Postgres may run on them: its user may change here. */
export function settlePlaces(places: Places): void {
  try {
    if (places.owner) handOver(places, places.owner)
  } catch (error) {
    throw faultOf(error, places.base)
  }
}

/** Deletes the cluster of a home that root made outside the home. Only tests use this. */
export function removePlaces(home: string): void {
  const note = readNote(home)
  if (note) rmSync(note.base, { recursive: true, force: true })
}

const Note = z.object({
  base: z.string().min(1),
  cluster: z.string().min(1),
  /** The number of the user that Postgres runs as. Releases before 2026-12 did not note one, and used `nobody`. */
  user: z.int().positive().optional(),
})
type Note = z.infer<typeof Note>

/**
 * The folder of a home when root starts us. A note in the home names the folder, and both hold the same id. A folder
 * with another id belongs to an earlier home of this path that was deleted. It is renamed: the new home starts empty.
 */
function rootedBase(home: string): { base: string; user: number } {
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 12)
  const existingNote = readNote(home)
  const { base, cluster, user } = existingNote ?? { base: join(rootBase, name), cluster: randomUUID() }
  const note = { base, cluster, user: user ?? chooseUid(rootBase) }
  const idFile = join(note.base, 'cluster-id')
  const id = existsSync(idFile) ? readFileSync(idFile, 'utf8') : undefined
  try {
    if (id !== undefined && id !== note.cluster) {
      rmSync(`${note.base}.previous`, { recursive: true, force: true })
      renameSync(note.base, `${note.base}.previous`)
      chownSync(`${note.base}.previous`, 0, 0)
    }
    mkdirSync(home, { recursive: true, mode: 0o711 })
    if (!user) writeNote(home, note)
    mkdirSync(rootBase, { recursive: true })
    chmodSync(rootBase, 0o711)
    mkdirSync(note.base, { recursive: true, mode: 0o700 })
    if (!existsSync(idFile)) writeFileSync(idFile, note.cluster, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw faultOf(error, home)
  }
  return note
}

const noteFile = (home: string) => join(resolve(home), 'postgres.json')

/** Writes the whole note or nothing: no reader finds half a note, even after a start that was killed. */
function writeNote(home: string, note: Note): void {
  const unfinished = `${noteFile(home)}.new`
  writeFileSync(unfinished, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(unfinished, noteFile(home))
}

/** Never replaces a note that it cannot read: the cluster would then count as that of another home. */
function readNote(home: string): Note | undefined {
  const file = noteFile(home)
  if (!existsSync(file)) return undefined
  try {
    return Note.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new PostgresFault(`${file} is damaged: restore it from a backup, or move the home away to begin afresh.`)
  }
}

/** For root, `settlePlaces` sets the modes later: a Postgres that a killed start left may still use the folder. */
function makePrivate(folder: string, owner: Places['owner']): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!owner) chmodSync(folder, 0o700)
}

function socketDir(base: string, owner: Places['owner']): string {
  const inside = join(base, 'socket')
  if (Buffer.byteLength(inside) <= maxSocketDirBytes) {
    makePrivate(inside, owner)
    return inside
  }
  const name = `bir-${createHash('sha256').update(base).digest('hex').slice(0, 12)}`
  const shortPath = join(Buffer.byteLength(join(tmpdir(), name)) <= maxSocketDirBytes ? tmpdir() : '/tmp', name)
  return isPrivate(shortPath, owner) ? shortPath : mkdtempSync(`${shortPath}-`)
}

/** Any user may write to the temporary folder, so we use a folder in it only if we own it and it is private. */
function isPrivate(folder: string, owner: Places['owner']): boolean {
  if (!existsSync(folder)) {
    makePrivate(folder, owner)
    if (owner) chownSync(folder, owner.uid, owner.gid)
  }
  const { uid, mode } = lstatSync(folder)
  return uid === (owner?.uid ?? process.getuid?.()) && (mode & 0o077) === 0
}
