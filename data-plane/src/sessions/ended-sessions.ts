import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { createdAtMs, SESSION_LIFE_MS } from './session.ts'

/** 200,000 ids take about 20 MB. */
const defaultMax = 200_000
const maxOnPage = 10_000
const sessionId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

interface Options {
  /** The file that keeps the ids over a restart of the process. Without a path a restart forgets them. */
  path?: string
  max?: number
  /** Called when the file cannot be written. The ids are then kept in memory only. */
  onFault?: (error: unknown) => void
}

/** A page of the ids of ended sessions. */
export interface EndedPage {
  readonly epoch: string
  /** The position of the next page. */
  readonly next: number
  readonly ended: readonly string[]
}

/** Ended sessions, in the order in which this plane learned of their end. Each id is kept until it would expire. */
export class EndedSessions {
  private readonly ids = new Set<string>()
  /** Identifies this list. Positions of another epoch are not valid here, so their reader starts from the beginning. */
  private readonly epoch = uuidv7()
  /** How many ids were removed from the beginning of the list. Positions go on counting them. */
  private forgotten = 0
  /** The lines of the file, those of removed ids too. */
  private lines = 0
  private readonly options: Options

  constructor(options: Options = {}) {
    this.options = options
    const { path } = options
    if (path === undefined || !existsSync(path)) return
    // A line that a crash tore is no valid id.
    for (const id of readFileSync(path, 'utf8').split('\n')) if (sessionId.test(id)) this.remember(id)
    this.tryWrite(() => this.rewrite(path))
  }

  has(id: string): boolean {
    return this.ids.size > 0 && this.ids.has(id)
  }

  /** Writes the id to disk before it returns, so that a crash does not reopen the session. */
  add(id: string): void {
    if (this.ids.has(id) || !this.remember(id)) return
    const { path } = this.options
    if (path === undefined) return
    this.tryWrite(() => {
      this.lines++
      if (this.lines > 2 * this.ids.size + 1_000) this.rewrite(path)
      else appendFileSync(path, `${id}\n`, { mode: 0o600 })
    })
  }

  /** The page that begins at a position of this list; the first page for a position of another epoch. */
  after(epoch: string, at: number): EndedPage {
    const from = epoch === this.epoch ? Math.max(at - this.forgotten, 0) : 0
    const ended = from < this.ids.size ? [...this.ids.values().drop(from).take(maxOnPage)] : []
    return { epoch: this.epoch, next: this.forgotten + from + ended.length, ended }
  }

  /** Adds an id, and removes expired ones and those beyond the limit. False when this id has expired itself. */
  private remember(id: string): boolean {
    const nowMs = Date.now()
    if (createdAtMs(id) + SESSION_LIFE_MS <= nowMs) return false
    const max = this.options.max ?? defaultMax
    for (const oldest of this.ids) {
      if (this.ids.size < max && createdAtMs(oldest) + SESSION_LIFE_MS > nowMs) break
      this.ids.delete(oldest)
      this.forgotten++
    }
    this.ids.add(id)
    return true
  }

  /** A full disk must stop neither a start nor the end of a session. The next end then rewrites the whole file. */
  private tryWrite(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.lines = Number.POSITIVE_INFINITY
      this.options.onFault?.(error)
    }
  }

  private rewrite(path: string): void {
    const newPath = `${path}.new`
    writeFileSync(newPath, [...this.ids, ''].join('\n'), { mode: 0o600 })
    renameSync(newPath, path)
    this.lines = this.ids.size
  }
}
