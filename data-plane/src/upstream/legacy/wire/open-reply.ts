import { legacyStatusFault } from '../messages/status-fault.ts'
import { readLegacy } from '../messages/message.ts'
import { LegacyReply } from './reply.ts'
import type { SessionWire, WireAnswer, WireHeaders } from './session-wire.ts'

/** The answer to a request, to be read message by message. Throws `UpstreamFault` for a status that refuses it. */
export function openReply(wire: SessionWire, headers: WireHeaders, answer: WireAnswer): LegacyReply {
  const { status, kind, text } = answer
  if (status === 200 && kind !== 'other') return new LegacyReply(wire, headers, answer)
  // An error with the id of the request is an answer under any status; one without an id only under status 400.
  if (kind === 'json' && (containsRpcError(text) || (status === 400 && containsRpcError(text, { orWithoutId: true }))))
    return new LegacyReply(wire, headers, answer)
  answer.stop()
  throw legacyStatusFault(status, 'a request was not accepted')
}

function containsRpcError(text: string, { orWithoutId = false } = {}): boolean {
  try {
    return readLegacy(text).some((message) => message.kind === 'error' && (orWithoutId || message.id !== null))
  } catch {
    return false
  }
}
