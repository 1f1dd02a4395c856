import { MAX_CLOCK_OFF_MS } from '@bir/sdk/contract/internal'
import type { Log } from '../runtime/log.ts'

/** The code of the refusal (HTTP 401) of a plane that the control plane has never seen. */
const unknownPlane = 'unknown_plane'

/** The header `Date` has whole seconds (RFC 9110, section 5.6.7), and clocks that agree differ by a little. */
const toleranceMs = 2_000

/** When a request was sent and its answer came, by this plane's clock, and the headers of the answer. */
interface Heard {
  sentAtMs: number
  receivedAtMs: number
  headers: { date?: unknown; age?: unknown }
}

/** Why a plane that has a policy can serve nobody all the same. */
export interface Trouble {
  status: 'clock' | 'unknown'
  why: string
}

/**
 * Knows what the answers of the control plane show of this plane: that its clock is off, and that the control plane
 * does not know it. Which of two clocks is wrong, no answer shows.
 */
export class Contact {
  private readonly log: Log
  private clockOffMs = 0
  private isUnknown = false

  constructor(log: Log) {
    this.log = log
  }

  /** The control plane wrote the `Date` between the two moments, unless the answer lay in a cache. */
  answered({ sentAtMs, receivedAtMs, headers }: Heard): void {
    const atMs = typeof headers.date === 'string' && headers.age === undefined ? Date.parse(headers.date) : Number.NaN
    if (Number.isNaN(atMs)) return
    const aheadMs = sentAtMs - atMs
    const behindMs = atMs - receivedAtMs
    const offMs = aheadMs > toleranceMs ? aheadMs : behindMs > toleranceMs ? -behindMs : 0
    const [was, is] = [this.isClockOff, Math.abs(offMs) > MAX_CLOCK_OFF_MS]
    this.clockOffMs = offMs
    if (is && !was) this.log('error', 'the clock of this plane is not that of the control plane', { why: clockText(offMs) })
    if (was && !is) this.log('info', 'the clock of this plane agrees with that of the control plane again')
  }

  /** The control plane answered as to a plane that it knows. */
  accepted(): void {
    if (this.isUnknown) this.log('info', 'the control plane knows this plane again')
    this.isUnknown = false
  }

  /** The control plane refused a request with this code. */
  refused(code: string | undefined): void {
    if (code !== unknownPlane) return
    if (!this.isUnknown) this.log('error', 'the control plane does not know this plane', { why: unknownText })
    this.isUnknown = true
  }

  /**
   * What keeps this plane from judging tokens or from hearing of changes; undefined while nothing does. A statement
   * signed at `freshAtMs` shows a clock that is behind, also when the control plane cannot be reached.
   */
  trouble(freshAtMs: number, nowMs: number): Trouble | undefined {
    if (this.isClockOff) return { status: 'clock', why: clockText(this.clockOffMs) }
    if (freshAtMs - nowMs > MAX_CLOCK_OFF_MS) return { status: 'clock', why: clockText(nowMs - freshAtMs) }
    return this.isUnknown ? { status: 'unknown', why: unknownText } : undefined
  }

  private get isClockOff(): boolean {
    return Math.abs(this.clockOffMs) > MAX_CLOCK_OFF_MS
  }
}

function clockText(offMs: number): string {
  const side = offMs > 0 ? 'ahead of' : 'behind'
  return `The clock of this plane is ${Math.round(Math.abs(offMs) / 1000)} s ${side} that of the control plane, so no token can be judged. Set both clocks (NTP).`
}

const unknownText =
  'The control plane does not know this plane, so it gets no policy and no revocation: the database may come from a backup that is older than the plane. Stop it, move its folder HOME_DIR away (keep it: audit records that were not sent lie there), and start it with a new join line in BIR_JOIN ("bir plane invite").'

/** Codes of Node for a certificate whose time is not now. */
const certificateTimes = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'])

/** Why there was no answer, from the cause that Node gives. */
export function silenceText(cause: unknown, nowMs: number): string {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  if (code !== undefined && certificateTimes.has(code))
    return `the TLS certificate of the control plane is not good at this time (${code}): by the clock of this plane it is ${new Date(nowMs).toISOString()}; is that right?`
  const why = code ?? (cause instanceof Error ? cause.message : undefined)
  return why ? `the control plane does not answer: ${why}` : 'the control plane does not answer'
}
