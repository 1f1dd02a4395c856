import { hash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import { hidingLog } from '../secrets/hiding-log.ts'
import { redactText } from '../secrets/redact.ts'
import type { ServerSecrets } from '../secrets/in-use.ts'
import { GATEWAY_IDENTITY } from '../protocol/facts/gateway-identity.ts'
import { METHOD_NOT_FOUND } from '../protocol/facts/rpc-codes.ts'
import { LISTS } from '../protocol/list-methods.ts'
import type { ListMethod } from '../protocol/list-methods.ts'
import type { Log } from '../runtime/log.ts'
import { servesSkills } from '../protocol/extensions/skills.ts'
import { unawaited } from '../runtime/awaitable.ts'
import { Cancel } from '../runtime/cancellation.ts'
import { timeoutFault, UnaskedFault, UnreachableFault } from '../upstream/faults.ts'
import { UpstreamFault, UpstreamRpcError } from '../upstream/upstream.ts'
import type { Asker, Upstream } from '../upstream/upstream.ts'
import { Audiences, EVERY_CAPABILITY } from './audiences.ts'
import type { ReadEntry } from './bounded-list.ts'
import { readList } from './read-list.ts'
import type { ReadList } from './read-list.ts'

const againMs = 60_000
/** A server that is read for each person is read less often. */
const personalAgainMs = 10 * 60_000
/** How soon a server is read again that says that something changed, and how late at most when it keeps saying so. */
const soonMs = 50
const latestMs = 30_000
const readWithinMs = 60_000
/** How often it is read to whom tools are offered while the tools stay the same. */
const audienceWithinMs = 10_000
const audiencesAgainMs = 10 * 60_000
const maxFaults = 50
const maxFaultChars = 400

type Entry = Readonly<Record<string, unknown>>

export interface CatalogueOptions {
  server: string
  /** Whose list it is, where the server is sent a secret of each person. Undefined: everybody's. */
  person?: string | undefined
  upstream: Upstream
  secrets: Pick<ServerSecrets, 'values' | 'hold'>
  log: Log
  /** Called with every tool that can be offered, as the server lists it. */
  report(tools: readonly Entry[]): Promise<void>
  changed(): void
  /** Gives the entries of an equal list that is kept already, so that many people's equal lists are kept once. */
  shared?(name: string, entries: readonly ReadEntry[]): readonly ReadEntry[]
}

/**
 * The gateway itself as a client. Many servers list some tools only to clients that can be asked, or that show apps,
 * so all of it is declared here, and `Audiences` finds out what other clients are offered; a question to the gateway is
 * refused. A call declares what its own client declared.
 */
const gateway: Asker = {
  person: 'gateway',
  session: undefined,
  client: {
    capabilities: EVERY_CAPABILITY,
    info: GATEWAY_IDENTITY,
    logLevel: undefined,
  },
}

/** A list as it was last read. */
interface KeptList extends ReadList {
  readonly fingerprint: string
}

const noList: ReadList = { entries: [], faults: [] }

/**
 * Keeps in memory what a remote server offers, so that listing forty servers asks none of them. Each list stands for
 * itself: one that cannot be read keeps what was read of it last, and the others are read all the same.
 */
export class ServerCatalogue {
  private readonly options: CatalogueOptions
  private readonly asker: Asker
  private readonly cancel = new Cancel()
  private readonly lists = new Map<ListMethod, KeptList>()
  /** Why a list could not be read last time. */
  private readonly failures = new Map<ListMethod, string>()
  /** Which tools are offered to which clients. */
  readonly audiences: Audiences
  private audiencesMs = Number.NEGATIVE_INFINITY
  private refreshing: Promise<void> | undefined
  private listening = false
  private readonly timer: NodeJS.Timeout
  private readMs = Number.NEGATIVE_INFINITY
  private waitMs = soonMs
  private due: NodeJS.Timeout | undefined

  constructor(options: CatalogueOptions) {
    this.options = { ...options, log: hidingLog(options.log, options.secrets) }
    this.asker = options.person === undefined ? gateway : { ...gateway, person: options.person }
    this.audiences = new Audiences({
      read: (capabilities) => this.toolNames(capabilities),
      changed: () => this.options.changed(),
    })
    const refresh = () => unawaited(this.refresh())
    this.timer = setInterval(refresh, options.person === undefined ? againMs : personalAgainMs).unref()
    refresh()
  }

  /** What the server offers in a list. Undefined until it was read. The same object while it stays the same. */
  entries(method: ListMethod): readonly ReadEntry[] | undefined {
    return this.lists.get(method)?.entries
  }

  /** The reading under way, while nothing was read yet. */
  get firstReading(): Promise<void> | undefined {
    return this.lists.size === 0 ? this.refreshing : undefined
  }

  /** What is wrong with the lists of the server: sentences for administrators, bounded. */
  faults(): string[] {
    const all = LISTS.flatMap((method) => [
      ...(this.failures.has(method) ? [this.failures.get(method)!] : []),
      ...(this.lists.get(method)?.faults ?? []),
    ])
    const shown = all.slice(0, maxFaults).map((fault) => fault.slice(0, maxFaultChars))
    return all.length > maxFaults ? [...shown, `And ${all.length - maxFaults} more.`] : shown
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
      await this.read()
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

  private async read(): Promise<void> {
    const { capabilities } = await this.inTime(() => this.options.upstream.describe(this.asker))
    for (const method of LISTS) {
      if (this.cancel.cancelled) return
      await this.readOne(method, capabilities)
    }
    await this.follow()
  }

  /** Reads one list. Only a fault that every request would meet ends the whole reading. */
  private async readOne(method: ListMethod, capabilities: Entry): Promise<void> {
    const { server, log } = this.options
    try {
      const isOffered = method === 'skills/list' ? servesSkills(capabilities) : capabilities[capabilityOf[method]] !== undefined
      await this.keep(method, isOffered ? await this.inTime((cancel) => readList(this.options, this.asker, method, cancel)) : noList)
      this.failures.delete(method)
    } catch (error) {
      if (this.cancel.cancelled || isAboutAll(error)) throw error
      if (error instanceof UpstreamRpcError && error.code === METHOD_NOT_FOUND) {
        this.failures.set(
          method,
          `The server declares ${capabilityOf[method]}, and answers ${method} with "method not found"; the list counts as empty.`,
        )
        return this.keep(method, noList)
      }
      this.failures.set(method, this.failureOf(method, error))
      log('warn', 'a list cannot be read', { server, method, why: String(error) })
    }
  }

  private async keep(method: ListMethod, list: ReadList): Promise<void> {
    if (this.cancel.cancelled) return
    const { server, report, changed, log } = this.options
    const fingerprint = hash('sha256', canonical(list.entries.map(({ raw }) => raw)), 'hex')
    const kept = this.lists.get(method)
    if (method === 'tools/list') await this.refreshAudiences(list, kept?.fingerprint !== fingerprint)
    const entries =
      kept?.fingerprint === fingerprint ? kept.entries : (this.options.shared?.(`${method} ${fingerprint}`, list.entries) ?? list.entries)
    this.lists.set(method, { ...list, fingerprint, entries })
    if (kept?.fingerprint !== fingerprint) changed()
    if (method !== 'tools/list') return
    await report(list.entries.map(({ raw }) => raw)).catch((error: unknown) =>
      log('warn', 'the tools of a server cannot be reported', { server, why: String(error) }),
    )
  }

  /** Before a changed list is offered, it is known to whom. Without that, what was known of it stays. */
  private async refreshAudiences({ entries }: ReadList, hasChanged: boolean): Promise<void> {
    if (!hasChanged && performance.now() - this.audiencesMs < audiencesAgainMs) return
    try {
      await this.audiences.refresh(namesOf(entries))
      this.audiencesMs = performance.now()
    } catch (error) {
      const { server, log } = this.options
      if (!this.cancel.cancelled) log('warn', 'what other clients are offered cannot be read', { server, why: String(error) })
    }
  }

  private async toolNames(capabilities: Entry): Promise<ReadonlySet<string>> {
    const asker = { ...this.asker, client: { ...gateway.client, capabilities } }
    const release = this.options.secrets.hold()
    try {
      const quiet = { ...this.options, log: () => undefined }
      const { entries } = await this.inTime((cancel) => readList(quiet, asker, 'tools/list', cancel), audienceWithinMs)
      return namesOf(entries)
    } finally {
      // A legacy server keeps a session for each kind of client: this one is not needed for long.
      await this.options.upstream.endSession(asker)
      release()
    }
  }

  /** What failed, what that means for the list, and why: these may be the server's words, without what it was sent. */
  private failureOf(method: ListMethod, error: unknown): string {
    const isAnswer = error instanceof UpstreamRpcError
    const what = isAnswer ? `The server answers ${method} with an error` : `The answer of the server to ${method} cannot be used`
    const effect = this.lists.has(method) ? 'what it listed before stays' : 'so this list is empty'
    const why = redactText(reasonOf(error), this.options.secrets.values).replaceAll(/\s+/g, ' ')
    return `${what}, and ${effect}: ${why}`
  }

  /** Does something within a time limit, because a server may never finish. */
  private async inTime<T>(act: (cancel: Cancel) => Promise<T>, withinMs = readWithinMs): Promise<T> {
    const reading = new Cancel()
    const late = Promise.withResolvers<never>()
    const forget = this.cancel.subscribe((cause) => reading.abort(cause))
    const timer = setTimeout(() => reading.abort(timeoutFault(withinMs)), withinMs).unref()
    reading.subscribe(late.reject)
    try {
      return await Promise.race([late.promise, act(reading)])
    } finally {
      clearTimeout(timer)
      forget()
    }
  }

  /** Listens for changes, where the server tells of them. */
  private async follow(): Promise<void> {
    if (this.listening || this.cancel.cancelled) return
    this.listening = true
    const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
    await this.options.upstream
      .listen({
        ...this.asker,
        filter,
        cancel: this.cancel,
        onNotification: () => this.refreshSoon(),
        onEnd: () => (this.listening = false),
      })
      .catch(() => (this.listening = false)) // the next refresh tries again
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof UpstreamFault)) return error instanceof Error ? error.message : String(error)
  return error.message === error.publicMessage ? error.message : `${error.publicMessage} (${error.message})`
}

const namesOf = (entries: readonly ReadEntry[]): ReadonlySet<string> => new Set(entries.map(({ raw }) => String(raw['name'])))

const capabilityOf: Readonly<Record<ListMethod, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resources',
  'skills/list': 'the skills extension',
}

/** A server that cannot be reached, or does not let the gateway in, is not asked for its other lists. */
const isAboutAll = (error: unknown): boolean =>
  error instanceof UnreachableFault ||
  error instanceof UnaskedFault ||
  (error instanceof UpstreamFault && error.code.startsWith('secret')) ||
  !(error instanceof UpstreamFault || error instanceof UpstreamRpcError)

/** The hash that names a definition: administrators approve definitions by it. */
export const definitionHash = (definition: object): string => hash('sha256', canonical(definition), 'hex')
