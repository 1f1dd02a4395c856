import { spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { faultOf, faultOfLog } from './fault.ts'
import type { Places } from './places.ts'
import type { Runtime } from './runtime.ts'
import { killIfOurs, postmasterPid } from './stale.ts'

const maxStartMs = 60_000
const maxStopMs = 10_000
const pollMs = 20
const maxLogBytes = 5_000_000

/**
 * A shell script that runs between this process and Postgres. It stops Postgres when the pipe on its standard input
 * closes. The kernel closes that pipe however this process ends. The script ends with Postgres' exit code.
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
  /** Resolves with the last lines of the log when Postgres has ended, for whatever reason. */
  ended: Promise<string>
}

/** Starts Postgres on a unix socket only, and resolves when it accepts connections. */
export async function startPostmaster(places: Places, runtime: Runtime, settings: Record<string, string>): Promise<Postmaster> {
  const log = openLog(places.logFile)
  const logStart = fstatSync(log).size
  const options = Object.entries({ ...baseSettings(places), ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(runtime.bin, 'postgres'), '-D', places.data, ...options]
  // Postgres gets its own process group: Ctrl-C in the terminal reaches only this process, and Postgres ends last.
  const child = spawn('/bin/sh', ['-c', guard, 'bir-postgres', ...command], {
    ...places.owner,
    cwd: places.base,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)

  const logText = () => readText(places.logFile).slice(logStart)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', () => resolve(logText().trim().split('\n').slice(-5).join('\n')))
  })
  child.stdin?.on('error', () => {}) // Postgres ended first: `ended` reports that

  const stop = async () => {
    const pid = postmasterPid(places.data)
    child.stdin?.end()
    const timedOut = Symbol('timed out')
    if ((await Promise.race([ended, delay(maxStopMs, timedOut, { ref: false })])) !== timedOut) return
    if (pid) killIfOurs(pid, places.data, 'SIGQUIT')
    await ended
  }

  const outcome = await Promise.race([waitUntilReady(places.data), ended.then(() => 'ended' as const)])
  if (outcome === 'ready') return { stop, ended }
  await stop()
  throw faultOfLog(logText(), places.data)
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

/** The eighth line of postmaster.pid is the state of the start. Reading it needs no connection and no password. */
async function waitUntilReady(data: string): Promise<'ready' | 'timed-out'> {
  const file = join(data, 'postmaster.pid')
  const deadlineMs = Date.now() + maxStartMs
  while (Date.now() < deadlineMs) {
    if (existsSync(file) && readText(file).split('\n')[7]?.trim() === 'ready') return 'ready'
    await delay(pollMs, undefined, { ref: false })
  }
  return 'timed-out'
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // Postgres has deleted the file because it is ending: `ended` reports that
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
