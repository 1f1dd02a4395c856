import { rmSync } from 'node:fs'
import { createClient } from '@bir/sdk'
import type { OperatorKey } from '@bir/sdk/operator'
import type { EmbeddedPostgres } from '@bir/db/embedded'
import { startChild } from './process/child.ts'
import type { ChildSpec } from './process/child.ts'
import { addressesOf, childrenOf } from './children.ts'
import type { Addresses } from './children.ts'
import type { Terminal } from './process/terminal.ts'
import { startDatabases } from './database.ts'
import { StartFault } from './base/fault.ts'
import { ensureOperatorKey, writeWhole } from './base/home.ts'
import type { Places } from './base/home.ts'
import { ensureKeys } from './idp/keys.ts'
import { ensurePasswords } from './idp/people.ts'
import { operatorAssertion } from './base/operator.ts'
import type { Ports } from './ports.ts'
import { seedPolicy } from './seed-policy.ts'
import { Supervised } from './process/supervised.ts'
import type { Observer, Running } from './process/supervised.ts'

export interface Started {
  addresses: Addresses
  postgresVersion: string
  /** Of this start alone, when it was the first. */
  passwords: Record<string, string> | undefined
}

/** Starts the parts in the order they need each other, keeps them running, and stops them in the reverse order. */
export class Launcher {
  private readonly places: Places
  private readonly ports: Ports
  private readonly terminal: Terminal
  private readonly observer: Observer
  private readonly stages: Supervised<Running>[][] = []
  private stopping = false

  constructor(places: Places, ports: Ports, terminal: Terminal, onGaveUp: () => void) {
    this.places = places
    this.ports = ports
    this.terminal = terminal
    this.observer = {
      died: (name, words) => terminal.warn(`${name} died and is started again. ${words.split('\n', 1)[0] ?? ''}`),
      back: (name) => terminal.say(`${name} is back.`),
      gaveUp: (name, words) => {
        terminal.warn(`${name} died five times within a minute; stopping everything. Its last words:\n${words}`)
        onGaveUp()
      },
    }
  }

  async start(): Promise<Started> {
    const { say } = this.terminal
    const [places, addresses] = [this.places, addressesOf(this.ports)]
    const children = childrenOf(places, this.ports)
    for (const file of [places.endpoints, places.join]) rmSync(file, { force: true })

    const operatorKey = await ensureOperatorKey(places)
    await ensureKeys(places.idp)
    const passwords = await ensurePasswords(places.idp)
    try {
      const postgres = await this.run<EmbeddedPostgres>('PostgreSQL', () => startDatabases(places, say))
      say(`PostgreSQL ${postgres.version} is up.`)
      await Promise.all([this.runChildren(children.idp, children.control), this.runChildren(children.portal)])
      say('The control plane has migrated its database and answers.')
      const seeded = await seedPolicy(this.client(operatorKey, addresses), postgres.socketDir)
      if (seeded === 'seeded') say('Put the demo people and the first policy in place.')
      await this.runChildren(children.plane)
      say('The data plane has the policy and answers.')
      if (!this.stopping) this.announce(addresses)
      return { addresses, postgresVersion: postgres.version, passwords }
    } catch (error) {
      // Nobody has seen the passwords yet: the next start makes them anew, and shows them.
      if (passwords) rmSync(`${places.idp}/people.json`, { force: true })
      throw error
    }
  }

  /** What depends on others ends first, so that it can still hand over what it holds. */
  async stop(): Promise<void> {
    this.stopping = true
    rmSync(this.places.endpoints, { force: true })
    for (const stage of this.stages.toReversed()) await Promise.all(stage.map((part) => part.stop()))
  }

  private announce({ mcpBase, control, portal, idp }: Addresses): void {
    const endpoints = { mcp: `${mcpBase}/mcp`, control, graphql: `${control}/graphql`, issuer: control, portal, idp, pid: process.pid }
    writeWhole(this.places.endpoints, `${JSON.stringify(endpoints, undefined, 2)}\n`, 0o644)
  }

  private client(key: OperatorKey, { control }: Addresses) {
    return createClient({ url: control, token: () => operatorAssertion(key, control) })
  }

  private async runChildren(...specs: ChildSpec[]): Promise<void> {
    const { logs } = this.places
    const parts = specs.map(
      (spec) => new Supervised<Running>(spec.title, (stop) => startChild(spec, { logs, stop, onLine: this.terminal.hear }), this.observer),
    )
    this.begin(parts)
    await Promise.all(parts.map((part) => part.start()))
  }

  private run<T extends Running>(name: string, start: () => Promise<T>): Promise<T> {
    const part = new Supervised<T>(name, start, this.observer)
    this.begin([part])
    return part.start()
  }

  private begin(parts: Supervised<Running>[]): void {
    if (this.stopping) throw new StartFault('Stopped while starting.')
    this.stages.push(parts)
  }
}
