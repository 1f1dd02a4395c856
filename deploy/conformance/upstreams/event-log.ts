/**
 * The events of one session, to replay them to a client that
 * resumes its stream. Both SDKs accept it as their event store.
 */
export class EventLog<Message> {
  private readonly events: { stream: string; message: Message }[] = []

  async storeEvent(stream: string, message: Message): Promise<string> {
    return String(this.events.push({ stream, message }))
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.events[Number(id) - 1]?.stream
  }

  async replayEventsAfter(last: string, { send }: { send(id: string, message: Message): Promise<void> }): Promise<string> {
    const stream = (await this.getStreamIdForEventId(last)) ?? ''
    for (const [index, event] of this.events.entries()) {
      if (index < Number(last) || event.stream !== stream || isPriming(event.message)) continue
      await send(String(index + 1), event.message)
    }
    return stream
  }
}

/** The first event of a stream has no message; it only gives the client an event id. */
const isPriming = (message: unknown) => typeof message !== 'object' || message === null || !('jsonrpc' in message)
