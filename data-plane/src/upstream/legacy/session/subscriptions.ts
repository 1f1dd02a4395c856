import { declares } from '../messages/listen-filter.ts'
import type { LegacySession } from './session.ts'
import type { OpenSession } from './open-session.ts'

const maxSubscriptions = 1000

/** The resources that a session subscribed to at its server, each with the number of its listeners. */
export class LegacySubscriptions {
  private readonly session: LegacySession
  private readonly byUri = new Map<string, { listeners: number; accepted: Promise<boolean> }>()

  constructor(session: LegacySession) {
    this.session = session
  }

  /** Subscribes, and returns the URIs that the server accepted. The caller gives them back by `remove`. */
  async add(openSession: OpenSession, uris: readonly string[]): Promise<string[]> {
    if (!declares(openSession.capabilities, 'resources', 'subscribe')) return []
    const accepted: string[] = []
    for (const uri of new Set(uris)) if (await this.addOne(uri)) accepted.push(uri)
    return accepted
  }

  remove(uris: readonly string[]): void {
    for (const uri of uris) {
      const subscription = this.byUri.get(uri)
      if (!subscription || --subscription.listeners > 0) continue
      this.byUri.delete(uri)
      // If it fails, the server sends updates that no listener receives.
      this.session.call('resources/unsubscribe', { uri }).catch(() => undefined)
    }
  }

  /** Subscribes to all of them again, in a new session. */
  async renew(): Promise<void> {
    for (const [uri, subscription] of this.byUri) {
      subscription.accepted = this.subscribe(uri)
      await subscription.accepted
    }
  }

  private async addOne(uri: string): Promise<boolean> {
    if (this.byUri.size >= maxSubscriptions && !this.byUri.has(uri)) return false
    const subscription = this.byUri.get(uri) ?? { listeners: 0, accepted: this.subscribe(uri) }
    subscription.listeners++
    this.byUri.set(uri, subscription)
    if (await subscription.accepted) return true
    if (--subscription.listeners === 0) this.byUri.delete(uri)
    return false
  }

  private subscribe(uri: string): Promise<boolean> {
    return this.session.call('resources/subscribe', { uri }).then(
      () => true,
      () => false,
    )
  }
}
