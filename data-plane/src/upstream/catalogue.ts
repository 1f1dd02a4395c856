import { hash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Log } from '../log.ts'
import { isObject } from '../mcp/json-rpc.ts'
import { servesSkills } from '../mcp/skills.ts'
import { Cancel } from '../pipeline/cancel.ts'
import { UpstreamRpcError } from './upstream.ts'
import type { Asker, Upstream } from './upstream.ts'

const againMs = 60_000
const mostPages = 100
const mostEntries = 5_000

type Entry = Readonly<Record<string, unknown>>

/** A tool as its server lists it, and the server. */
export interface Listed {
  readonly server: string
  readonly name: string
  readonly entry: Entry
}

/** Everything a server offers, whole, as it was last seen. A list that did not change keeps its identity. */
export interface Offer {
  readonly tools: readonly Listed[]
  readonly prompts: readonly Entry[]
  readonly resources: readonly Entry[]
  readonly templates: readonly Entry[]
  readonly skills: readonly Entry[]
}

interface Options {
  server: string
  upstream: Upstream
  log: Log
  /** Told of every tool that was seen, as the server lists it. */
  report(tools: readonly Entry[]): Promise<void>
  changed(): void
}

/** Nobody in particular: what a server shows to the gateway itself. It shows apps, for those clients that do: a server may have tools for no others. */
const gateway: Asker = {
  person: 'gateway',
  session: undefined,
  client: {
    capabilities: { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } },
    info: { name: 'bir-mcp', version: '0.1.0' },
    logLevel: undefined,
  },
}

const nothing: Offer = { tools: [], prompts: [], resources: [], templates: [], skills: [] }

/** Keeps what a remote server offers in memory, so that listing forty of them asks none of them. A server that is away keeps what it last offered. */
export class Catalogue {
  private readonly options: Options
  private readonly cancel = new Cancel()
  private offered = nothing
  private fingerprint = ''
  private refreshing: Promise<void> | undefined
  private again = false
  private listening = false
  private readonly timer: NodeJS.Timeout

  constructor(options: Options) {
    this.options = options
    this.timer = setInterval(() => void this.refresh(), againMs).unref()
    void this.refresh()
  }

  get seen(): boolean {
    return this.fingerprint !== ''
  }

  get offer(): Offer {
    return this.offered
  }

  /** Single-flight; a fault keeps what is known. What changes while the lists are being read is read once more. */
  refresh(): Promise<void> {
    this.again = this.refreshing !== undefined
    this.refreshing ??= this.read()
      .catch((error: unknown) => {
        if (!this.cancel.cancelled)
          this.options.log('warn', 'a server cannot be listed', { server: this.options.server, why: String(error) })
      })
      .finally(() => {
        this.refreshing = undefined
        if (this.again && !this.cancel.cancelled) void this.refresh()
      })
    return this.refreshing
  }

  close(): void {
    clearInterval(this.timer)
    this.cancel.abort(new Error('the server is no longer served'))
  }

  private async read(): Promise<void> {
    const { server, upstream, report, changed } = this.options
    const { capabilities } = await upstream.describe(gateway)
    const has = (capability: string) => capabilities[capability] !== undefined
    const tools = has('tools') ? await this.all('tools/list', 'tools') : []
    const offer = {
      tools: tools.flatMap((entry) => (typeof entry['name'] === 'string' ? [{ server, name: entry['name'], entry }] : [])),
      prompts: has('prompts') ? await this.all('prompts/list', 'prompts') : [],
      resources: has('resources') ? await this.all('resources/list', 'resources') : [],
      templates: has('resources') ? await this.all('resources/templates/list', 'resourceTemplates') : [],
      skills: servesSkills(capabilities) ? await this.skills() : [],
    }
    const fingerprint = hash('sha256', canonical(offer), 'hex')
    if (fingerprint !== this.fingerprint) {
      this.fingerprint = fingerprint
      this.offered = offer
      changed()
    }
    await report(tools)
    await this.follow()
  }

  /** An extension that is badly served costs the server nothing else. */
  private skills(): Promise<readonly Entry[]> {
    return this.all('skills/list', 'skills').catch((error: unknown) => {
      if (!(error instanceof UpstreamRpcError)) throw error
      this.options.log('warn', 'the skills of a server cannot be listed', { server: this.options.server, why: error.message })
      return this.offered.skills
    })
  }

  private async all(method: string, member: string): Promise<Entry[]> {
    const entries: Entry[] = []
    let cursor: unknown
    for (let page = 0; page < mostPages && entries.length < mostEntries; page++) {
      const value = await this.page(method, cursor)
      const found = value[member]
      entries.push(...(Array.isArray(found) ? found.filter(isObject) : []))
      cursor = value['nextCursor']
      if (cursor === undefined) return entries
    }
    throw new Error(`${method} does not end`)
  }

  private async page(method: string, cursor: unknown): Promise<Entry> {
    const { upstream } = this.options
    const params = cursor === undefined ? {} : { cursor }
    const request = { ...gateway, method, params, onNotification: () => undefined, cancel: this.cancel, context: undefined as never }
    return (await upstream.request(request)).value
  }

  /** Listens for changes, where the server tells of them. */
  private async follow(): Promise<void> {
    if (this.listening || this.cancel.cancelled) return
    this.listening = true
    const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
    await this.options.upstream
      .listen({ ...gateway, filter, cancel: this.cancel, onNotification: () => void this.refresh(), onEnd: () => (this.listening = false) })
      .catch(() => (this.listening = false)) // the next refresh tries again
  }
}

/** The name of a definition: what an administrator approves. */
export const definitionHash = (definition: object): string => hash('sha256', canonical(definition), 'hex')
