import type { Notification } from '../protocol/notification.ts'

/** What a server says of itself at run time: that a list of its is another now, or that a resource is. */
export type Emitted = 'tools' | 'prompts' | 'resources' | 'updates'

type Listener = (notification: Notification) => void

/** Tells whoever listens to a mounted server that something of it changed. */
export class Changes {
  private readonly listeners = new Set<Listener>()

  /** The function given back ends it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** A list of the server's changed. */
  changed(list: 'tools' | 'prompts' | 'resources'): void {
    this.tell({ method: `notifications/${list}/list_changed` })
  }

  /** A resource of the server's changed. */
  updated(uri: string): void {
    this.tell({ method: 'notifications/resources/updated', params: { uri } })
  }

  private tell(notification: Notification): void {
    for (const listener of this.listeners) listener(notification)
  }
}
