/** The methods that the transports of SDK 1.x and 2.x have in common. */
interface Session {
  handleRequest(request: Request): Promise<Response>
  close(): Promise<void>
}

interface SessionOptions {
  onsessioninitialized: (id: string) => void
  onsessionclosed: (id: string) => void
}

/** Legacy sessions. Each has a server and a transport of its own. */
export class Sessions {
  private readonly open: (options: SessionOptions) => Promise<Session>
  private readonly sessions = new Map<string, Session>()

  constructor(open: (options: SessionOptions) => Promise<Session>) {
    this.open = open
  }

  async fetch(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id')
    if (id === null) return (await this.begin()).handleRequest(request)
    const session = this.sessions.get(id)
    return session ? session.handleRequest(request) : notFound()
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.close()))
  }

  /** Opens a session. The transport itself refuses requests that do not begin one. */
  private async begin(): Promise<Session> {
    const session = await this.open({
      onsessioninitialized: (id) => void this.sessions.set(id, session),
      onsessionclosed: (id) => void this.sessions.delete(id),
    })
    return session
  }
}

function notFound(): Response {
  const error = { code: -32001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 })
}
