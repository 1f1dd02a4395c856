import { chmodSync, chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A user and a group of the system, by number. */
export interface Owner {
  uid: number
  gid: number
}

/** Many daemons run as this user, so nothing may stay readable for it. */
const nobodyUid = 65_534
/**
 * Numbers that belong to no kind of user: 60706 to 61183 are unused in the table of systemd (UIDS-GIDS), regular users
 * end at 60000. All of them exist in a container with 65,536 users.
 */
const [firstUid, lastUid] = [60_800, 61_183]

/**
 * Picks a number for the user that Postgres runs as when root starts us. It is in no list of users, no process runs as
 * it, and no other cluster below `clusters` has it. The server needs no entry in /etc/passwd, so none is made.
 */
export function chooseUid(clusters: string): number {
  const named = new Set(['/etc/passwd', '/etc/group'].flatMap(numbersIn))
  const inUse = new Set([...ownersIn(clusters), ...ownersIn('/proc')])
  const unnamed = Array.from({ length: lastUid - firstUid + 1 }, (_, at) => firstUid + at).filter((uid) => !named.has(uid))
  // With hundreds of clusters on one machine, two of them share a user: still no other daemon does.
  return unnamed.find((uid) => !inUse.has(uid)) ?? unnamed[0] ?? firstUid
}

/** Every number in a file of users or groups: the ids are among them. */
function numbersIn(file: string): number[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split(/[:\n]/)
    .filter((field) => /^\d+$/.test(field))
    .map(Number)
}

/** The users and groups that the entries of a folder belong to. A process may end while they are read. */
function ownersIn(folder: string): number[] {
  if (!existsSync(folder)) return []
  const stats = readdirSync(folder).map((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }))
  return stats.flatMap((stat) => (stat ? [stat.uid, stat.gid] : []))
}

/** initdb wants a user with a name, so it runs as `nobody`, but in the cluster's group, which alone opens `base`. */
export const initialiserOf = ({ gid }: Owner): Owner => ({ uid: nobodyUid, gid })

/**
 * Lets the owner into the folders of a cluster, and takes from `nobody` what an earlier release made for it. No
 * Postgres may run on it. The folders into which root writes stay root's, so that Postgres can put no link in its way.
 * `base` comes last: when it has its group, everything is done.
 */
export function handOver(folders: { base: string; runtimes: string; socketDir: string }, owner: Owner): void {
  const { base, runtimes, socketDir } = folders
  if (lstatSync(base).gid !== owner.gid) {
    // Closed first, so that no process of `nobody` can meanwhile put a link to a foreign file into the way.
    chownSync(base, 0, 0)
    chmodSync(base, 0o700)
    rmSync(runtimes, { recursive: true, force: true }) // `nobody` could have changed these programs.
    mkdirSync(runtimes)
    takeFromNobody(base, owner)
  }
  chownSync(socketDir, owner.uid, owner.gid)
  chmodSync(socketDir, 0o700)
  for (const folder of [runtimes, base]) {
    chmodSync(folder, 0o710)
    chownSync(folder, 0, owner.gid)
  }
}

/** Gives every file of `nobody` in a folder to the owner. It follows no link, and leaves the files of others alone. */
export function takeFromNobody(folder: string, owner: Owner): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) takeFromNobody(path, owner)
    else if (lstatSync(path).uid === nobodyUid) lchownSync(path, owner.uid, owner.gid)
  }
  if (lstatSync(folder).uid === nobodyUid) chownSync(folder, owner.uid, owner.gid)
}
