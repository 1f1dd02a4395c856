import { hash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import { hidingLog } from '../secrets/hiding-log.ts'
import { redact } from '../secrets/redact.ts'
import type { ServerSecrets } from '../secrets/in-use.ts'
import { GATEWAY_IDENTITY } from '../protocol/facts/gateway-identity.ts'
import type { Log } from '../runtime/log.ts'
import { servesSkills } from '../protocol/extensions/skills.ts'
import { unawaited } from '../runtime/awaitable.ts'
import { Cancel } from '../runtime/cancellation.ts'
import { timeoutFault } from '../upstream/faults.ts'
import { BoundedList } from './bounded-list.ts'
import { UpstreamRpcError } from '../upstream/upstream.ts'
import type { Asker, Upstream } from '../upstream/upstream.ts'

const againMs = 60_000
/** How soon a server is read again that says that something changed, and how late at most when it keeps saying so. */
const soonMs = 50
const latestMs = 30_000
const readWithinMs = 60_000
const maxPages = 100
const maxEntries = 5_000

type Entry = Readonly<Record<string, unknown>>

/** A tool as its server lists it, with the server's id. */
export interface ListedTool {
  readonly server: string
  readonly name: string
  readonly entry: Entry
}

/** Everything a server offered when it was last read. A list that did not change stays the same object. */
export interface ServerLists {
  readonly tools: readonly ListedTool[]
  readonly prompts: readonly Entry[]
  readonly resources: readonly Entry[]
  readonly templates: readonly Entry[]
  readonly skills: readonly Entry[]
}

interface Options {
  server: string
  upstream: Upstream
  secrets: Pick<ServerSecrets, 'values' | 'hold'>
  log: Log
  /** Called with every tool of the server, as the server lists it. */
  report(tools: readonly Entry[]): Promise<void>
  changed(): void
}

/**
 * The gateway itself as a client. Many servers list some tools only to clients that can be asked, or that show apps,
 * so all of it is declared here; a question to the gateway is refused. A call declares what its own client declared.
 */
const gateway: Asker = {
  person: 'gateway',
  session: undefined,
  client: {
    capabilities: {
      elicitation: { form: {}, url: {} },
      sampling: { tools: {} },
      roots: {},
      extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } },
    },
    info: GATEWAY_IDENTITY,
    logLevel: undefined,
  },
}

const nothing: ServerLists = { tools: [], prompts: [], resources: [], templates: [], skills: [] }

/**
 * Keeps in memory what a remote server offers, so that listing forty servers asks none of them. A server that is away
 * keeps what it offered last.
 */
export class ServerCatalogue {
  private readonly options: Options
  private readonly cancel = new Cancel()
  private offered = nothing
  private fingerprint = ''
  private refreshing: Promise<void> | undefined
  private listening = false
  private readonly timer: NodeJS.Timeout
  private readMs = Number.NEGATIVE_INFINITY
  private waitMs = soonMs
  private due: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.options = { ...options, log: hidingLog(options.log, options.secrets) }
    const refresh = () => unawaited(this.refresh())
    this.timer = setInterval(refresh, againMs).unref()
    refresh()
  }

  get seen(): boolean {
    return this.fingerprint !== ''
  }

  get lists(): ServerLists {
    return this.offered
  }

  /** Reads the lists; one read at a time. A failure keeps what is known. */
  refresh(): Promise<void> {
    this.readMs = this.refreshing ? this.readMs : performance.now()
    this.refreshing ??= this.tryToRead().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  private async tryToRead(): Promise<void> {
    // The server may repeat what it is sent while it is read.
    const release = this.options.secrets.hold()
    try {
      await this.readInTime()
    } catch (error) {
      const { server, log } = this.options
      if (!this.cancel.cancelled) log('warn', 'a server cannot be listed', { server, why: String(error) })
    } finally {
      release()
    }
  }

  close(): void {
    clearInterval(this.timer)
    clearTimeout(this.due)
    this.cancel.abort(new Error('the server is no longer served'))
  }

  /**
   * The server says that something changed. A read that is under way may have missed the change, so another one
   * follows.
   */
  refreshSoon(): void {
    if (this.due || this.cancel.cancelled) return
    const sinceMs = performance.now() - this.readMs
    this.waitMs = Math.min(latestMs, Math.max(soonMs, sinceMs < 4 * this.waitMs ? 2 * this.waitMs : this.waitMs / 2))
    const again = async () => {
      await this.refreshing
      this.due = undefined
      await this.refresh()
    }
    this.due = setTimeout(() => unawaited(again()), Math.max(0, this.waitMs - sinceMs)).unref()
  }

  /** Reads the lists within a time limit, because a server may never finish. */
  private async readInTime(): Promise<void> {
    const reading = new Cancel()
    const late = Promise.withResolvers<never>()
    const forget = this.cancel.subscribe((cause) => reading.abort(cause))
    const timer = setTimeout(() => reading.abort(timeoutFault(readWithinMs)), readWithinMs).unref()
    reading.subscribe(late.reject)
    try {
      await Promise.race([late.promise, this.read(reading)])
    } finally {
      clearTimeout(timer)
      forget()
    }
  }

  private async read(reading: Cancel): Promise<void> {
    const { server, upstream, report, changed } = this.options
    const { capabilities } = await upstream.describe(gateway)
    const all = (capability: string, method: string, member: string) =>
      capabilities[capability] === undefined ? [] : this.all(method, member, reading)
    const tools = await all('tools', 'tools/list', 'tools')
    const offer = {
      tools: tools.flatMap((entry) => (typeof entry['name'] === 'string' ? [{ server, name: entry['name'], entry }] : [])),
      prompts: await all('prompts', 'prompts/list', 'prompts'),
      resources: await all('resources', 'resources/list', 'resources'),
      templates: await all('resources', 'resources/templates/list', 'resourceTemplates'),
      skills: servesSkills(capabilities) ? await this.skills(reading) : [],
    }
    if (reading.cancelled) return
    const fingerprint = hash('sha256', canonical(offer), 'hex')
    if (fingerprint !== this.fingerprint) {
      this.fingerprint = fingerprint
      this.offered = offer
      changed()
    }
    await report(tools)
    await this.follow()
  }

  /** A server that serves the skills extension badly keeps its other lists. */
  private skills(reading: Cancel): Promise<readonly Entry[]> {
    return this.all('skills/list', 'skills', reading).catch((error: unknown) => {
      if (!(error instanceof UpstreamRpcError)) throw error
      const { server, log } = this.options
      log('warn', 'the skills of a server cannot be listed', { server, why: error.message })
      return this.offered.skills
    })
  }

  /** A list without end is cut, and the log says so; what was read of it is offered. */
  private async all(method: string, member: string, reading: Cancel): Promise<Entry[]> {
    const list = new BoundedList(maxEntries)
    const cursors = new Set<unknown>()
    let cursor: unknown
    let why: string | undefined
    for (let page = 0; why === undefined; page++) {
      const value = await this.page(method, cursor, reading)
      list.add(value[member])
      cursor = value['nextCursor']
      if (cursor === undefined) break
      if (page + 1 === maxPages) why = `more than ${maxPages} pages`
      if (cursors.has(cursor)) why = 'pages that come round again'
      if (list.isFull) why = `more than ${maxEntries} entries`
      cursors.add(cursor)
    }
    const { entries, leftOut } = list
    const { server, log } = this.options
    if (why !== undefined) log('warn', 'a list was cut', { server, method, why, kept: entries.length })
    if (leftOut.length > 0) log('warn', 'entries were left out', { server, method, entries: leftOut.slice(0, 20), of: leftOut.length })
    return entries
  }

  private async page(method: string, cursor: unknown, cancel: Cancel): Promise<Entry> {
    const { upstream, secrets } = this.options
    const params = cursor === undefined ? {} : { cursor }
    const request = { ...gateway, method, params, onNotification: () => undefined, cancel }
    // What a server repeats of the gateway's credentials is neither kept, nor reported, nor listed.
    return redact(await upstream.request(request), secrets.values).value
  }

  /** Listens for changes, where the server tells of them. */
  private async follow(): Promise<void> {
    if (this.listening || this.cancel.cancelled) return
    this.listening = true
    const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
    await this.options.upstream
      .listen({ ...gateway, filter, cancel: this.cancel, onNotification: () => this.refreshSoon(), onEnd: () => (this.listening = false) })
      .catch(() => (this.listening = false)) // the next refresh tries again
  }
}

/** The hash that names a definition: administrators approve definitions by it. */
export const definitionHash = (definition: object): string => hash('sha256', canonical(definition), 'hex')
