import { spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { faultOf, faultOfLog } from './fault.ts'
import type { Places } from './places.ts'
import type { Runtime } from './runtime.ts'
import { killIfOurs, postmasterPid } from './stale.ts'

const readyWithinMs = 60_000
const stopsWithinMs = 10_000
const pollMs = 20
const maxLogBytes = 5_000_000

/**
 * The shell between us and Postgres: it asks Postgres to end when the pipe it reads closes, which the kernel does for us
 * however we end. It ends with Postgres, with its exit code.
 */
const guard = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r _ <&3; kill -INT $server ) >/dev/null 2>&1 &
watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
exit $code`

/** A running Postgres. */
export interface Postmaster {
  stop(): Promise<void>
  /** Resolves when it has ended, asked or not, with the last lines of its log. */
  ended: Promise<string>
}

/** Starts Postgres on the cluster, on a unix socket alone, and resolves when it takes connections. */
export async function startPostmaster(places: Places, runtime: Runtime, settings: Record<string, string>): Promise<Postmaster> {
  const log = openLog(places.logFile)
  const logStart = fstatSync(log).size
  const options = Object.entries({ ...baseSettings(places), ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(runtime.bin, 'postgres'), '-D', places.data, ...options]
  // Its own process group: Ctrl-C in the terminal reaches us alone, and Postgres ends last.
  const child = spawn('/bin/sh', ['-c', guard, 'bir-postgres', ...command], {
    ...places.owner,
    cwd: places.base,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)

  const said = () => readText(places.logFile).slice(logStart)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', () => resolve(said().trim().split('\n').slice(-5).join('\n')))
  })
  child.stdin?.on('error', () => {}) // it ended first; `ended` tells

  const stop = async () => {
    const pid = postmasterPid(places.data)
    child.stdin?.end()
    const late = Symbol('late')
    if ((await Promise.race([ended, delay(stopsWithinMs, late, { ref: false })])) !== late) return
    if (pid) killIfOurs(pid, places.data, 'SIGQUIT')
    await ended
  }

  const outcome = await Promise.race([ready(places.data), ended.then(() => 'ended' as const)])
  if (outcome === 'ready') return { stop, ended }
  await stop()
  throw faultOfLog(said(), places.data)
}

function baseSettings({ socketDir }: Places): Record<string, string> {
  return {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    shared_buffers: '32MB',
    max_connections: '60',
    max_wal_size: '256MB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_worker_processes: '4',
    io_method: 'sync',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
  }
}

/** The last line of postmaster.pid says how far it is; reading it needs neither a connection nor a password. */
async function ready(data: string): Promise<'ready' | 'late'> {
  const file = join(data, 'postmaster.pid')
  const deadlineMs = Date.now() + readyWithinMs
  while (Date.now() < deadlineMs) {
    if (existsSync(file) && readText(file).split('\n')[7]?.trim() === 'ready') return 'ready'
    await delay(pollMs, undefined, { ref: false })
  }
  return 'late'
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone since: its Postgres is ending, and `ended` says so
  }
}

function openLog(file: string): number {
  try {
    if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`)
    return openSync(file, 'a', 0o600)
  } catch (error) {
    throw faultOf(error, file)
  }
}
