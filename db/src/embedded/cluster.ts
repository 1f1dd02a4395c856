import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PostgresFault, faultOf, faultOfLog } from './fault.ts'
import { initialiserOf, takeFromNobody } from './owner.ts'
import type { Places } from './places.ts'
import type { Runtime } from './runtime.ts'

/** Makes the cluster if there is none. Refuses a cluster of another major version, because Postgres cannot read it. */
export function prepareCluster(places: Places, runtime: Runtime, superuserPassword: string): void {
  if (!existsSync(places.data)) return initialise(places, runtime, superuserPassword)

  const versionFile = join(places.data, 'PG_VERSION')
  if (!existsSync(versionFile)) throw faultOfLog('PG_VERSION is missing', places.data)
  const major = readFileSync(versionFile, 'utf8').trim()
  if (major === runtime.major) return
  throw new PostgresFault(
    `The database in ${places.data} was made by PostgreSQL ${major} and this release carries ${runtime.major}: export it with the release that made it, move the folder away, and import.`,
  )
}

/** Makes the cluster under another name and renames it at the end: a killed start leaves no incomplete cluster. */
function initialise(places: Places, runtime: Runtime, superuserPassword: string): void {
  const unfinished = `${places.data}.new`
  const passwordFile = join(places.base, 'initial-password')
  const initialiser = places.owner && initialiserOf(places.owner)
  try {
    for (const path of [unfinished, passwordFile]) rmSync(path, { recursive: true, force: true })
    mkdirSync(unfinished, { mode: 0o700 })
    writeFileSync(passwordFile, superuserPassword, { mode: 0o600, flag: 'wx' })
    if (initialiser) for (const path of [unfinished, passwordFile]) chownSync(path, initialiser.uid, initialiser.gid)
    const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--encoding=UTF8']
    const access = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
    const initdb = spawnSync(join(runtime.bin, 'initdb'), ['-D', unfinished, ...access, ...locale], {
      ...initialiser,
      cwd: places.base,
      encoding: 'utf8',
      env: {},
    })
    if (initdb.error) throw initdb.error
    if (initdb.status !== 0) throw faultOfLog(`${initdb.stdout}${initdb.stderr}`, places.data)
    if (places.owner) takeFromNobody(unfinished, places.owner)
    renameSync(unfinished, places.data)
  } catch (error) {
    throw faultOf(error, places.base)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}
