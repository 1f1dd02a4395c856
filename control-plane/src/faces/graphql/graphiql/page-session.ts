import type { IncomingMessage } from 'node:http'
import type { Ctx } from '../../../base/context.ts'
import type { BrowserSession, FoundSession } from '../../../sessions/browser-session.ts'

/** How GraphiQL is used without a token: by the session of the browser. */
export interface PageSessions {
  /** The origin of the gateway's own pages. */
  origin: string
  /** Who is signed in in this browser. */
  read(request: IncomingMessage): Promise<FoundSession>
  /** Refuses whose session is over, with its reason, and records it. */
  refuse(over: NonNullable<FoundSession['over']>, request: IncomingMessage): Promise<never>
  /** The context of an operation that they call. */
  ctxOf(session: BrowserSession, request: IncomingMessage): Ctx
}

/**
 * Whether the request was sent by a page of ours. Only such a request may stand on the browser's cookie: a browser
 * sends the cookie with what pages of others ask too (CSRF), on loopback even with what pages of other ports ask. It is
 * a POST, because with those a browser always says of which origin the page is, and no page can change what it says.
 */
function isFromOwnPage({ method, headers }: IncomingMessage, origin: string): boolean {
  if (method !== 'POST' || headers.authorization !== undefined) return false
  return headers.origin === origin && (headers['sec-fetch-site'] ?? 'same-origin') === 'same-origin'
}

/** The context of whoever is signed in in the browser that sent the request from our page. */
export async function ctxOfPage(sessions: PageSessions, request: IncomingMessage): Promise<Ctx | undefined> {
  if (!isFromOwnPage(request, sessions.origin)) return undefined
  const { session, over } = await sessions.read(request)
  if (over) return sessions.refuse(over, request)
  return session && sessions.ctxOf(session, request)
}
