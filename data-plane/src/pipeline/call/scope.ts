import type { Asker } from '../../upstream/upstream.ts'
import type { Authenticated, Incoming } from './types.ts'

type Call = Incoming & Authenticated

/** Names whose calls a `notifications/cancelled` may stop: those of the same person in the same session. */
export const scopeOf = ({ token, sessionId }: Pick<Call, 'token' | 'sessionId'>): string => `${token.subject.id} ${sessionId ?? ''}`

export const askerOf = ({ token, session, client }: Call): Asker => ({ person: token.subject.id, session: session?.id, client })
