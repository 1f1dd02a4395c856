import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import type { OperatorKey } from '@bir/sdk/operator'
import type { EmbeddedPostgres } from '@bir/db/embedded'
import { startChild } from './process/child.ts'
import type { ChildSpec } from './process/child.ts'
import { addressesOf, childrenOf, NOTES_KEY } from './children.ts'
import type { Addresses } from './children.ts'
import type { Terminal } from './process/terminal.ts'
import { startDatabases } from './database.ts'
import { StartFault } from './base/fault.ts'
import { ensureOperatorKey, ensureSecret, writeAtomically } from './base/home.ts'
import type { Places } from './base/home.ts'
import { ensureKeys } from './idp/keys.ts'
import { ensurePasswords } from './idp/people.ts'
import { operatorAssertion } from './base/operator.ts'
import { ensurePortalClient } from './portal/client.ts'
import { ensurePortalKey } from './portal/key.ts'
import type { Ports } from './ports.ts'
import { seedPolicy, waitForTools } from './seed-policy.ts'
import { reportDeaths } from './process/report-deaths.ts'
import { Supervised } from './process/supervised.ts'
import type { Observer, Running } from './process/supervised.ts'

export interface Started {
  addresses: Addresses
  postgresVersion: string
  /** The folder of the databases. */
  databases: string
  /** The passwords of the demo people. Set by the first start alone. */
  passwords: Record<string, string> | undefined
}

/**
 * Starts the parts in the order of their dependencies, restarts each one that
 * ends while the others go on, and stops them in the reverse order.
 */
export class Launcher {
  private readonly places: Places
  private readonly ports: Ports
  private readonly terminal: Terminal
  private readonly observer: Observer
  private readonly stages: Supervised<Running>[][] = []
  private stopping = false

  constructor(places: Places, ports: Ports, terminal: Terminal) {
    this.places = places
    this.ports = ports
    this.terminal = terminal
    this.observer = reportDeaths(terminal)
  }

  async start(): Promise<Started> {
    const { say } = this.terminal
    const [places, addresses] = [this.places, addressesOf(this.ports)]
    const children = childrenOf(places, this.ports)
    for (const file of [places.endpoints, places.join]) rmSync(file, { force: true })

    const operatorKey = await ensureOperatorKey(places)
    await ensureKeys(places.idp)
    ensureSecret(places.idpClientSecret)
    ensureSecret(join(places.secrets, NOTES_KEY))
    const portalKey = await ensurePortalKey(places.portalKey)
    const passwords = await ensurePasswords(places.idp)
    const client = this.client(operatorKey, addresses)
    try {
      const postgres = await this.run<EmbeddedPostgres>('PostgreSQL', () => startDatabases(places, say))
      say(`PostgreSQL ${postgres.version} is up.`)
      await Promise.all([this.runChildren(children.idp, children.control), this.runChildren(children.portal)])
      say('The control plane has migrated its database and answers.')
      const { isNew, hasNotes } = await seedPolicy(client, { bankHost: postgres.socketDir, notesUrl: `${addresses.notes}/mcp` })
      if (isNew) say('Put the demo people and the first policy in place.')
      const fault = await ensurePortalClient(client, portalKey)
      if (fault !== undefined) this.terminal.warn(fault)
      if (hasNotes) await this.runChildren(children.notes)
      await this.runChildren(children.plane)
      if (isNew) await waitForTools(client, 'notes')
      say('The data plane has the policy and answers.')
      if (!this.stopping) this.announce(addresses)
      return { addresses, postgresVersion: postgres.version, databases: postgres.base, passwords }
    } catch (error) {
      // The passwords were not shown yet, so the next start has to make new ones and show them.
      if (passwords) rmSync(`${places.idp}/people.json`, { force: true })
      throw error
    }
  }

  /** Stops the parts in the reverse order, so that a part can still send its data to the parts it depends on. */
  async stop(): Promise<void> {
    this.stopping = true
    rmSync(this.places.endpoints, { force: true })
    for (const stage of this.stages.toReversed()) await Promise.all(stage.map((part) => part.stop()))
  }

  private announce({ mcpBase, control, portal, idp }: Addresses): void {
    const endpoints = { mcp: `${mcpBase}/mcp`, control, graphql: `${control}/graphql`, issuer: control, portal, idp, pid: process.pid }
    writeAtomically(this.places.endpoints, `${JSON.stringify(endpoints, undefined, 2)}\n`, 0o644)
  }

  private client(key: OperatorKey, { control }: Addresses) {
    return createClient({ url: control, token: () => operatorAssertion(key, control) })
  }

  private async runChildren(...specs: ChildSpec[]): Promise<void> {
    const { logs } = this.places
    const parts = specs.map(
      (spec) =>
        new Supervised<Running>(spec.title, (stop) => startChild(spec, { logs, stop, onLine: this.terminal.showLog }), this.observer),
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
