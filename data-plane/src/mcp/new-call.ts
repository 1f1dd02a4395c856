import type { IncomingMessage } from 'node:http'
import { Cancel } from '../pipeline/cancel.ts'
import type { Incoming } from '../pipeline/types.ts'
import type { Channel } from './channel.ts'
import type { Classified } from './classify.ts'
import type { Http } from './exchange.ts'
import type { Message } from './json-rpc.ts'

/** A message as the pipeline gets it. With a place for all that stages will add: an object that keeps its shape is cheap to fill. */
export function newCall(
  { request, endpoint, paramHeaders = none, handedFrom }: Http,
  { id, method, params, written }: Message,
  { modern, version, sessionId, client }: Classified,
  channel: Channel,
): Incoming {
  const { ip, userAgent, authorization, traceId } = senderOf(request)
  const call = {
    id,
    method,
    params,
    written,
    modern,
    version,
    sessionId,
    client,
    session: undefined,
    channel,
    ip: handedFrom ?? ip,
    userAgent,
    authorization,
    traceId,
    paramHeaders,
    endpoint,
    cancel: new Cancel(),
    startedMs: performance.now(),
    note: undefined,
    token: undefined,
    policy: undefined,
    person: undefined,
    serverId: undefined,
    server: undefined,
    upstream: undefined,
    toolName: undefined,
    needs: undefined,
    asked: undefined,
    task: undefined,
    level: undefined,
  }
  return call
}

const none: Readonly<Record<string, string>> = {}

/** Who is at the other end, as far as HTTP tells. */
export function senderOf({ socket, headers }: IncomingMessage) {
  return {
    ip: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: headers['user-agent']?.slice(0, 300),
    authorization: headers.authorization,
    traceId: traceIdOf(headers['traceparent']),
  }
}

/** W3C Trace Context: the 32 hex digits of a traceparent. */
function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined
}
