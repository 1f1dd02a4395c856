import type { ListFaults } from '@bir/sdk/contract/internal'
import type { Log } from '../runtime/log.ts'
import { ControlError } from './client.ts'
import type { ControlClient } from './client.ts'

type Told = ListFaults['servers'][number]

interface Options {
  control: Pick<ControlClient, 'post'>
  /** Every remote server of the policy in force, and what is wrong with its lists. */
  faults(): readonly Told[]
  log: Log
  nowMs?(): number
}

const lookEveryMs = 1000
const againAfterMs = 10_000
/** A control plane of an earlier version has no place for this. */
const againAfterUnknownMs = 10 * 60_000
const maxServers = 20

/** Tells the control plane what is wrong with the lists of remote servers, whenever that changes. */
export class ListFaultsReporter {
  private readonly options: Options
  private readonly nowMs: () => number
  private readonly told = new Map<string, string>()
  private notBeforeMs = 0
  private failing = false
  private turn: Promise<void> = Promise.resolve()
  private timer: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.options = options
    this.nowMs = options.nowMs ?? (() => performance.now())
  }

  start(): void {
    this.timer = setInterval(() => void this.tell(), lookEveryMs).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Posts what changed. One at a time; what failed is tried again after a while. Never rejects. */
  tell(): Promise<void> {
    this.turn = this.turn.then(() => this.tellChanges())
    return this.turn
  }

  private async tellChanges(): Promise<void> {
    if (this.nowMs() < this.notBeforeMs) return
    const all = this.options.faults()
    const ids = new Set(all.map(({ server }) => server))
    for (const id of this.told.keys()) if (!ids.has(id)) this.told.delete(id)
    const due = all.filter((one) => this.told.get(one.server) !== digestOf(one))
    try {
      for (let at = 0; at < due.length; at += maxServers) await this.post(due.slice(at, at + maxServers))
      this.failing = false
    } catch (error) {
      const isUnknown = error instanceof ControlError && error.status === 404
      this.notBeforeMs = this.nowMs() + (isUnknown ? againAfterUnknownMs : againAfterMs)
      if (!isUnknown && !this.failing)
        this.options.log('warn', 'the control plane cannot be told what is wrong with lists', { why: String(error) })
      this.failing = !isUnknown
    }
  }

  private async post(servers: Told[]): Promise<void> {
    const body: ListFaults = { servers }
    await this.options.control.post('/list-faults', JSON.stringify(body))
    for (const one of servers) this.told.set(one.server, digestOf(one))
  }
}

const digestOf = ({ url, faults }: Told): string => JSON.stringify([url, faults])
