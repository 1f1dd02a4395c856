import { exchange } from './exchange.ts'
import type { Exchange, Message } from './exchange.ts'

const version = '2025-11-25'

/** A session of a client of revision 2025-11-25. */
export class LegacySession {
  private readonly url: string
  private readonly headers: Record<string, string>

  private constructor(url: string, headers: Record<string, string>) {
    this.url = url
    this.headers = headers
  }

  /** Initializes a session. `opening` says what became of it; without a session it says why. */
  static async open(url: string, token: string, signal: AbortSignal): Promise<{ opening: Exchange; session: LegacySession | undefined }> {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    }
    const clientInfo = { name: 'soak', version: '1' }
    const params = { protocolVersion: version, capabilities: { elicitation: {}, sampling: {}, roots: {} }, clientInfo }
    const opening = await exchange({ url, headers, body: rpc(1, 'initialize', params), signal })
    const { sessionId } = opening
    if (sessionId === undefined) return { opening, session: undefined }
    const session = new LegacySession(url, { ...headers, 'mcp-session-id': sessionId, 'mcp-protocol-version': version })
    await session.send('notifications/initialized', {}, signal)
    return { opening, session }
  }

  call(tool: string, args: object, signal: AbortSignal, onMessage?: (message: Message) => void): Promise<Exchange> {
    const params = { name: tool, arguments: args, _meta: { progressToken: 1 } }
    return exchange({ url: this.url, headers: this.headers, body: rpc(2, 'tools/call', params), signal, ...(onMessage && { onMessage }) })
  }

  /** Holds the session's own stream open until `signal`. */
  async listen(signal: AbortSignal): Promise<void> {
    try {
      const answer = await fetch(this.url, { headers: { ...this.headers, accept: 'text/event-stream' }, signal })
      await answer.text()
    } catch {
      // The stream ends with `signal`, or with the plane.
    }
  }

  async end(): Promise<void> {
    await fetch(this.url, { method: 'DELETE', headers: this.headers }).then(
      (answer) => answer.body?.cancel(),
      () => undefined,
    )
  }

  private send(method: string, params: object, signal: AbortSignal): Promise<Exchange> {
    return exchange({ url: this.url, headers: this.headers, body: JSON.stringify({ jsonrpc: '2.0', method, params }), signal })
  }
}

const rpc = (id: number, method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id, method, params })
