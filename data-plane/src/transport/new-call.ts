import { Cancel } from '../runtime/cancellation.ts'
import type { Incoming } from '../pipeline/call/types.ts'
import type { Channel } from '../protocol/channel/channel.ts'
import type { Classified } from './classify.ts'
import type { Message } from '../protocol/json-rpc.ts'
import type { HttpCall } from '../http/http-call.ts'
import type { Caller } from '../policy/caller.ts'
import { traceIdOf } from '../http/sender.ts'

/** An HTTP request whose caller is known. */
export interface IdentifiedCall extends HttpCall {
  readonly caller: Caller
}

/** A message as the pipeline gets it. Each stage adds its own fields. */
export function newCall(
  { request, endpoint, caller, sender, paramHeaders = none }: IdentifiedCall,
  { id, method, params, source, nameFault }: Message,
  { modern, version, sessionId, client }: Classified,
  channel: Channel,
): Incoming {
  return {
    id,
    method,
    params,
    source,
    nameFault,
    modern,
    version,
    sessionId,
    client,
    session: undefined,
    channel,
    ip: sender.ip,
    userAgent: sender.userAgent,
    caller,
    traceId: traceIdOf(request),
    paramHeaders,
    endpoint,
    cancel: new Cancel(),
    startedMs: performance.now(),
  }
}

const none: Readonly<Record<string, string>> = {}
