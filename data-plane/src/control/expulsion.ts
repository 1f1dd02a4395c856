import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Log } from '../runtime/log.ts'

/** The code of the refusal (HTTP 403) with which the control plane answers every request of an expelled plane. */
export const EXPELLED = 'expelled'

interface Marker {
  plane: string
  atMs: number
  /** It was gone, and an administrator took it off the list. */
  forgotten?: boolean
}

type Told = Pick<Marker, 'atMs' | 'forgotten'>

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
  private word: Told | undefined
  /** Counts what was told, so that the answer to an earlier request does not take it back. */
  private words = 0

  constructor(options: Options) {
    this.options = options
    this.word = readMarker(options)
  }

  /** Why every call is refused; undefined while the plane is a member, as far as it knows. */
  refusal(): GatewayError | undefined {
    if (!this.word) return undefined
    const { forgotten = false } = this.word
    return new GatewayError('unavailable', deedOf(this.word), {
      publicMessage: `This data plane was ${forgotten ? 'taken off the list of' : 'expelled from'} its gateway and serves nobody any more. Tell an administrator.`,
      reason: 'plane-expelled',
    })
  }

  /** What happened and what to do, for an administrator; undefined while the plane is a member. */
  get notice(): string | undefined {
    if (!this.word) return undefined
    const { atMs } = this.word
    const since = atMs > 0 ? `; it was told so at ${new Date(atMs).toISOString()}` : ''
    return `${deedOf(this.word).replace(/^a/, 'A')}${since}. It refuses every call. To let it serve again, stop it, move its folder HOME_DIR away (keep it: audit records that were not sent lie there), and start it with a new join line in BIR_JOIN ("bir plane invite").`
  }

  /** To be taken before a request is sent, and given to `accepted` with its answer. */
  get moment(): number {
    return this.words
  }

  /** The control plane refused a request because this plane is expelled. */
  told(forgotten = false): void {
    this.words++
    if (this.word && (this.word.forgotten ?? false) === forgotten) return
    this.word = { atMs: this.word?.atMs ?? Date.now(), forgotten }
    this.options.log('error', 'this plane is no member any more', { why: this.notice })
    this.tryWrite()
    this.onChange()
  }

  /** The control plane answered as to a member. It counts only when nothing else was told since the request. */
  accepted(moment: number): void {
    if (!this.word || moment !== this.words) return
    this.word = undefined
    this.options.log('info', 'the control plane takes this plane for a member again')
    removeExpelledMarker(this.options.homeDir)
    this.onChange()
  }

  /** Without the marker the plane still refuses until it stops, and after a restart as soon as it is told again. */
  private tryWrite(): void {
    const { homeDir, plane, log } = this.options
    try {
      const marker: Marker = { plane, ...(this.word ?? { atMs: 0 }) }
      writeFileSync(pathIn(homeDir), JSON.stringify(marker), { mode: 0o600 })
    } catch (error) {
      log('error', 'that this plane was expelled could not be kept on disk', { why: String(error) })
    }
  }
}

const deedOf = ({ forgotten = false }: Told) =>
  forgotten ? 'an administrator took this plane off the list while it was gone' : 'an administrator expelled this plane'

/** A plane that joins anew begins without it. */
export const removeExpelledMarker = (homeDir: string): void => rmSync(pathIn(homeDir), { force: true })

const pathIn = (homeDir: string) => join(homeDir, 'expelled')

/** A marker that cannot be read counts: the control plane is asked at once, and takes it back when it is wrong. */
function readMarker({ homeDir, plane }: Options): Told | undefined {
  let text: string
  try {
    text = readFileSync(pathIn(homeDir), 'utf8')
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : { atMs: 0 }
  }
  try {
    const marker = JSON.parse(text) as Partial<Marker>
    if (typeof marker.plane === 'string' && marker.plane !== plane) return undefined
    const atMs = typeof marker.atMs === 'number' && Number.isFinite(marker.atMs) ? Math.trunc(marker.atMs) : 0
    return { atMs, forgotten: marker.forgotten === true }
  } catch {
    return { atMs: 0 }
  }
}
