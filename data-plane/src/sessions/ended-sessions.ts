import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { createdAtMs, SESSION_LIFE_MS } from './session.ts'

/** 200,000 take some 20 MB. */
const defaultMax = 200_000
const maxOnPage = 10_000
const isId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

interface Options {
  /** The file that a start of the process finds them in again; none, and they are forgotten with it. */
  path?: string
  max?: number
  /** The file cannot be written: what it should hold is held in memory all the same. */
  onFault?: (error: unknown) => void
}

/** Some of what ended, and where the next begins. */
export interface EndedPage {
  readonly epoch: string
  readonly next: number
  readonly ended: readonly string[]
}

/** Sessions that are over, each for as long as its id would open by itself, in the order in which this plane heard of it. */
export class EndedSessions {
  private readonly ids = new Set<string>()
  /** Positions count from here on: a reader who knows another epoch begins anew. */
  private readonly epoch = uuidv7()
  private forgotten = 0
  private lines = 0
  private readonly options: Options

  constructor(options: Options = {}) {
    this.options = options
    const { path } = options
    if (path === undefined || !existsSync(path)) return
    // A line that was torn by a crash is nobody's id.
    for (const id of readFileSync(path, 'utf8').split('\n')) if (isId.test(id)) this.remember(id)
    this.keep(() => this.rewrite(path))
  }

  has(id: string): boolean {
    return this.ids.size > 0 && this.ids.has(id)
  }

  /** On disk by the time it returns, so that a crash does not bring the session back. */
  add(id: string): void {
    if (this.ids.has(id) || !this.remember(id)) return
    const { path } = this.options
    if (path === undefined) return
    this.keep(() => {
      this.lines++
      if (this.lines > 2 * this.ids.size + 1_000) this.rewrite(path)
      else appendFileSync(path, `${id}\n`, { mode: 0o600 })
    })
  }

  /** What ended after a place in this list; all of it for who has none. */
  after(epoch: string, at: number): EndedPage {
    const from = epoch === this.epoch ? Math.max(at - this.forgotten, 0) : 0
    const ended = from < this.ids.size ? [...this.ids.values().drop(from).take(maxOnPage)] : []
    return { epoch: this.epoch, next: this.forgotten + from + ended.length, ended }
  }

  private remember(id: string): boolean {
    const nowMs = Date.now()
    if (createdAtMs(id) + SESSION_LIFE_MS <= nowMs) return false
    const max = this.options.max ?? defaultMax
    for (const first of this.ids) {
      if (this.ids.size < max && createdAtMs(first) + SESSION_LIFE_MS > nowMs) break
      this.ids.delete(first)
      this.forgotten++
    }
    this.ids.add(id)
    return true
  }

  /** A full disk stops neither a start nor the end of a session; the next one that ends brings all of them to the file. */
  private keep(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.lines = Number.POSITIVE_INFINITY
      this.options.onFault?.(error)
    }
  }

  private rewrite(path: string): void {
    const fresh = `${path}.new`
    writeFileSync(fresh, [...this.ids, ''].join('\n'), { mode: 0o600 })
    renameSync(fresh, path)
    this.lines = this.ids.size
  }
}
