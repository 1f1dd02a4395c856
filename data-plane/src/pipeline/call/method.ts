import type { Incoming, Rendered } from './types.ts'

export type Method = (call: Incoming) => Promise<Rendered>

/** What an HTTP exchange may come to: a method of the protocol, or one of the few things a legacy session does without one. */
export interface Methods {
  of(method: string, modern: boolean): Method
  /** A client's answer to a server's request. */
  response: Method
  /** GET: a legacy session's stream of what happens outside its requests. Ends when the client leaves. */
  stream: Method
  /** DELETE: the end of a legacy session. */
  end: Method
}
