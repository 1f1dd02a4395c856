import { can } from '../messages/listen-filter.ts'
import type { LegacySession, OpenSession } from './session.ts'

const max = 1000

/** What a session has subscribed to at its server, counted by how many listen. */
export class LegacySubscriptions {
  private readonly session: LegacySession
  private readonly held = new Map<string, { count: number; accepted: Promise<boolean> }>()

  constructor(session: LegacySession) {
    this.session = session
  }

  /** The URIs the server accepts, each to be given back by `remove`. */
  async add(live: OpenSession, uris: readonly string[]): Promise<string[]> {
    if (!can(live.capabilities, 'resources', 'subscribe')) return []
    const accepted: string[] = []
    for (const uri of new Set(uris)) if (await this.hold(uri)) accepted.push(uri)
    return accepted
  }

  remove(uris: readonly string[]): void {
    for (const uri of uris) {
      const held = this.held.get(uri)
      if (!held || --held.count > 0) continue
      this.held.delete(uri)
      this.session.call('resources/unsubscribe', { uri }).catch(() => undefined) // at worst it tells us what nobody hears
    }
  }

  /** Subscribes anew, in a session that knows of none. */
  async renew(): Promise<void> {
    for (const [uri, held] of this.held) {
      held.accepted = this.subscribe(uri)
      await held.accepted
    }
  }

  private async hold(uri: string): Promise<boolean> {
    if (this.held.size >= max && !this.held.has(uri)) return false
    const held = this.held.get(uri) ?? { count: 0, accepted: this.subscribe(uri) }
    held.count++
    this.held.set(uri, held)
    if (await held.accepted) return true
    if (--held.count === 0) this.held.delete(uri)
    return false
  }

  private subscribe(uri: string): Promise<boolean> {
    return this.session.call('resources/subscribe', { uri }).then(
      () => true,
      () => false,
    )
  }
}
