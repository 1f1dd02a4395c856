import { secretKey } from '../upstream/remote/caller-secrets.ts'
import type { CallerSecrets } from '../upstream/remote/caller-secrets.ts'
import type { ReadEntry } from './bounded-list.ts'
import { PersonalReports } from './personal-reports.ts'
import { ServerCatalogue } from './server-catalogue.ts'
import type { CatalogueOptions } from './server-catalogue.ts'

const maxPeople = 2_000
const idleMs = 10 * 60_000
const maxFaults = 50

interface Held {
  readonly catalogue: ServerCatalogue
  /** Names the secret with which it is read. */
  readonly key: string
  usedMs: number
}

type Server = Pick<CatalogueOptions, 'server' | 'upstream' | 'log' | 'report' | 'changed'>

/**
 * What a server that is sent a secret of each person offers to each of them. Each person's lists are read with their
 * own secret, when they first need them, and shown to nobody else. Lists that are equal are kept once.
 */
export class PersonalCatalogues {
  private readonly options: Server
  private readonly secrets: Pick<CallerSecrets, 'of' | 'inUse'>
  /** By person, the least recently used first. */
  private readonly held = new Map<string, Held>()
  private readonly kept = new Map<string, WeakRef<readonly ReadEntry[]>>()
  private readonly reports = new PersonalReports()
  private readonly sweepTimer: NodeJS.Timeout

  constructor(options: Server, secrets: Pick<CallerSecrets, 'of' | 'inUse'>) {
    this.options = options
    this.secrets = secrets
    this.sweepTimer = setInterval(() => this.sweep(), idleMs / 5).unref()
  }

  /** Undefined for a person who has no secret to use. */
  of(person: string): ServerCatalogue | undefined {
    const held = this.held.get(person) ?? this.open(person)
    if (!held) return undefined
    held.usedMs = performance.now()
    this.held.delete(person)
    this.held.set(person, held)
    return held.catalogue
  }

  /** Lists that were read with another secret than a person's own now say nothing of what they are offered. */
  follow(): void {
    for (const [person, { key }] of this.held) if (this.keyOf(person) !== key) this.drop(person)
  }

  faults(): string[] {
    const all = [...this.held.values()].flatMap(({ catalogue }) => catalogue.faults())
    return [...new Set(all)].slice(0, maxFaults)
  }

  close(): void {
    clearInterval(this.sweepTimer)
    for (const { catalogue } of this.held.values()) catalogue.close()
    this.held.clear()
  }

  private open(person: string): Held | undefined {
    const key = this.keyOf(person)
    if (key === undefined) return undefined
    const [oldest] = this.held.keys()
    if (this.held.size >= maxPeople && oldest !== undefined) this.drop(oldest)
    const { options } = this
    const catalogue = new ServerCatalogue({
      ...options,
      person,
      secrets: this.secrets.inUse(person, options.server),
      report: (tools) => options.report(this.reports.add(person, tools)),
      shared: (name, entries) => this.shared(name, entries),
    })
    return { catalogue, key, usedMs: performance.now() }
  }

  private keyOf(person: string): string | undefined {
    try {
      return secretKey(this.secrets.of(person, this.options.server))
    } catch {
      return undefined
    }
  }

  private shared(name: string, entries: readonly ReadEntry[]): readonly ReadEntry[] {
    const known = this.kept.get(name)?.deref()
    if (known) return known
    this.kept.set(name, new WeakRef(entries))
    return entries
  }

  private sweep(): void {
    const idleSinceMs = performance.now() - idleMs
    for (const [person, { usedMs }] of this.held) if (usedMs < idleSinceMs) this.drop(person)
    for (const [name, entries] of this.kept) if (!entries.deref()) this.kept.delete(name)
  }

  private drop(person: string): void {
    this.held.get(person)?.catalogue.close()
    this.held.delete(person)
    this.reports.disown(person)
  }
}
