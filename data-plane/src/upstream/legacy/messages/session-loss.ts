import { methodLevel } from '../../../protocol/method-level.ts'
import { readLegacy } from './message.ts'

/** An answer to a POST, as far as its body has come. */
interface Answered {
  readonly status: number
  readonly kind: 'json' | 'stream' | 'other'
  readonly text: string
}

/**
 * Whether an answer says that the server has lost the session. `sure`: it does, and so the server did not run what was
 * asked. `words`: its text speaks of a session, which may be one of a database. `doubt`: it may mean that. After both
 * only another request in the session tells.
 */
export type SessionLoss = 'none' | 'doubt' | 'words' | 'sure'

/** Servers say it in these words: "Session not found", "No valid session ID provided", "Server not initialized". */
const lossWords = /session|initiali[sz]/i
/** Whether the text of an error is about a session. Only a ping tells whether it is about ours. */
export const speaksOfSession = (text: string): boolean => text.length <= maxLossChars && lossWords.test(text)

/** No longer text only says that a session is lost. */
const maxLossChars = 4096

/**
 * The specification says 404 (MCP 2025-11-25, transports). In the field there are 400, 401, 410, 500 and 503 too, and
 * errors under status 200. An error with the id of the request may be the server's answer to it. Words are never sure:
 * a tool that fails after its work speaks of sessions too, and a proxy before the server does.
 */
export function sessionLossIn({ status, kind, text }: Answered, requestId: number): SessionLoss {
  if (status === 429) return 'none'
  const isShort = text.length <= maxLossChars
  if (status < 400)
    return kind === 'json' && isShort && text.includes('"error"') && lossWords.test(text) && errorIds(text).length > 0 ? 'words' : 'none'
  const says = isShort && lossWords.test(text)
  if (errorIds(text).includes(requestId)) return says ? 'words' : 'none'
  if (status === 404 || status === 410) return 'sure'
  if (says) return 'words'
  return status < 500 || status === 503 ? 'doubt' : 'none'
}

/** Without a session id only a server that says so wants to be initialized again. */
export const wantsInitialize = ({ status, text }: Answered): boolean =>
  (status === 400 || status === 404) && text.length <= maxLossChars && /initiali[sz]/i.test(text)

/**
 * Whether a request may be sent again in a new session. A server that refused it by a status of 400 to 499, and that
 * has lost the session, did not run it. With any other status it may have, and only what changes nothing is repeated.
 */
export const mayRepeat = (status: number, method: string): boolean =>
  (status >= 400 && status < 500) || (method !== 'tools/call' && methodLevel(method) === 'read')

/** The ids of the errors in a text; none for a text that holds no message. */
function errorIds(text: string): unknown[] {
  try {
    return readLegacy(text).flatMap((message) => (message.kind === 'error' ? [message.id] : []))
  } catch {
    return []
  }
}
