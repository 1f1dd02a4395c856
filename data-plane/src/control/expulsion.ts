import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Log } from '../runtime/log.ts'

/** The code of the refusal (HTTP 403) with which the control plane answers every request of an expelled plane. */
export const EXPELLED = 'expelled'

interface Marker {
  plane: string
  atMs: number
}

interface Options {
  homeDir: string
  /** The id of this plane. A marker of an earlier identity in the same home says nothing about it. */
  plane: string
  log: Log
}

/**
 * Knows whether the control plane has expelled this plane. An expelled plane hears of no revocation any more, so it
 * serves nobody. The word of it is kept in the home, for a start at which the control plane cannot be asked. Only an
 * answer to a later request, as to a member, takes it back.
 */
export class Expulsion {
  /** Called after each change. */
  onChange: () => void = () => undefined
  private readonly options: Options
  private toldAtMs: number | undefined
  /** Counts what was told, so that the answer to an earlier request does not take it back. */
  private words = 0

  constructor(options: Options) {
    this.options = options
    this.toldAtMs = readMarker(options)
  }

  /** Why every call is refused; undefined while the plane is a member, as far as it knows. */
  refusal(): GatewayError | undefined {
    if (this.toldAtMs === undefined) return undefined
    return new GatewayError('unavailable', 'an administrator expelled this plane', {
      publicMessage: 'This data plane was expelled from its gateway and serves nobody any more. Tell an administrator.',
      reason: 'plane-expelled',
    })
  }

  /** What happened and what to do, for an administrator; undefined while the plane is a member. */
  get notice(): string | undefined {
    if (this.toldAtMs === undefined) return undefined
    const since = this.toldAtMs > 0 ? `; it was told so at ${new Date(this.toldAtMs).toISOString()}` : ''
    return `An administrator expelled this plane${since}. It refuses every call. To let it serve again, stop it, move its folder HOME_DIR away (keep it: audit records that were not sent lie there), and start it with a new join line in BIR_JOIN ("bir plane invite").`
  }

  /** To be taken before a request is sent, and given to `accepted` with its answer. */
  get moment(): number {
    return this.words
  }

  /** The control plane refused a request because this plane is expelled. */
  told(): void {
    this.words++
    if (this.toldAtMs !== undefined) return
    this.toldAtMs = Date.now()
    this.options.log('error', 'this plane was expelled', { why: this.notice })
    this.tryWrite()
    this.onChange()
  }

  /** The control plane answered as to a member. It counts only when nothing else was told since the request. */
  accepted(moment: number): void {
    if (this.toldAtMs === undefined || moment !== this.words) return
    this.toldAtMs = undefined
    this.options.log('info', 'the control plane takes this plane for a member again')
    removeExpelledMarker(this.options.homeDir)
    this.onChange()
  }

  /** Without the marker the plane still refuses until it stops, and after a restart as soon as it is told again. */
  private tryWrite(): void {
    const { homeDir, plane, log } = this.options
    try {
      const marker: Marker = { plane, atMs: this.toldAtMs ?? 0 }
      writeFileSync(pathIn(homeDir), JSON.stringify(marker), { mode: 0o600 })
    } catch (error) {
      log('error', 'that this plane was expelled could not be kept on disk', { why: String(error) })
    }
  }
}

/** A plane that joins anew begins without it. */
export const removeExpelledMarker = (homeDir: string): void => rmSync(pathIn(homeDir), { force: true })

const pathIn = (homeDir: string) => join(homeDir, 'expelled')

/** A marker that cannot be read counts: the control plane is asked at once, and takes it back when it is wrong. */
function readMarker({ homeDir, plane }: Options): number | undefined {
  let text: string
  try {
    text = readFileSync(pathIn(homeDir), 'utf8')
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : 0
  }
  try {
    const marker = JSON.parse(text) as Partial<Marker>
    if (typeof marker.plane === 'string' && marker.plane !== plane) return undefined
    return typeof marker.atMs === 'number' && Number.isFinite(marker.atMs) ? Math.trunc(marker.atMs) : 0
  } catch {
    return 0
  }
}
