import { messagesIn } from '../wire/reply.ts'
import type { WireAnswer } from '../wire/session-wire.ts'
import { speaksOfSession } from '../messages/session-loss.ts'

/** Whether a stream that answers a ping says nothing of a lost session. True also when it breaks. */
export async function pingStreamIsFine(answer: WireAnswer): Promise<boolean> {
  try {
    for (;;) {
      const events = await answer.next()
      if (!events) return true
      const messages = await messagesIn(events)
      if (messages.some((message) => message.kind === 'error' && speaksOfSession(message.message))) return false
      if (messages.some(({ kind }) => kind === 'result' || kind === 'error')) return true
    }
  } catch {
    return true
  }
}
