import type { Incoming, Rendered } from './types.ts'

export type Method = (call: Incoming) => Promise<Rendered>

/**
 * The pipelines that an HTTP request can run: a method of the protocol, or one of the few things that a legacy session
 * does without a method.
 */
export interface Methods {
  of(method: string, modern: boolean): Method
  /** A client's answer to a server's request. */
  response: Method
  /** GET: the stream of a legacy session, for what happens outside its requests. It ends when the client leaves. */
  stream: Method
  /** DELETE: the end of a legacy session. */
  end: Method
}
