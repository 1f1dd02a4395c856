import { within } from '@bir/data-plane/testing/waiting'

export interface Message {
  id?: unknown
  method?: string
  params?: Record<string, unknown>
  result?: unknown
}

/** The messages of an SSE response, in order. Each is returned at most once; those that do not fit are skipped. */
export class Events {
  private readonly reader: ReadableStreamDefaultReader<string>
  /** Text that arrived and was not read yet. Its last line may be incomplete. */
  private buffered = ''

  constructor(response: Response) {
    if (!response.body) throw new Error(`status ${response.status} and no stream`)
    this.reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  }

  /** The next message that fits. `what` names it for the failure of a test that waits for it in vain. */
  next(what: string, fits: (message: Message) => boolean): Promise<Message> {
    return within(this.find(fits), what)
  }

  private async find(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const line = await this.line()
      const message = line.startsWith('data: {') ? (JSON.parse(line.slice(6)) as Message) : undefined
      if (message && fits(message)) return message
    }
  }

  cancel(): Promise<void> {
    return this.reader.cancel()
  }

  private async line(): Promise<string> {
    for (let end = this.buffered.indexOf('\n'); ; end = this.buffered.indexOf('\n')) {
      if (end >= 0) {
        const line = this.buffered.slice(0, end)
        this.buffered = this.buffered.slice(end + 1)
        return line
      }
      const { value, done } = await this.reader.read()
      if (done) throw new Error(`the stream ended after: ${this.buffered}`)
      this.buffered += value
    }
  }
}
