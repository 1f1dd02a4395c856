import type { Notification } from '../protocol/notification.ts'

/** What a server may announce while it runs: a change of one of its lists, or (`updates`) of a resource's content. */
export type ChangeKind = 'tools' | 'prompts' | 'resources' | 'updates'

type Listener = (notification: Notification) => void

/** Passes the changes of a mounted server to everybody who listens to it. */
export class Changes {
  private readonly listeners = new Set<Listener>()

  /** Adds a listener. The returned function removes it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Announces that a list of the server changed. */
  changed(list: 'tools' | 'prompts' | 'resources'): void {
    this.notify({ method: `notifications/${list}/list_changed` })
  }

  /** Announces that the content of a resource changed. */
  updated(uri: string): void {
    this.notify({ method: 'notifications/resources/updated', params: { uri } })
  }

  private notify(notification: Notification): void {
    for (const listener of this.listeners) listener(notification)
  }
}
