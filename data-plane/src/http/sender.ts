import type { IncomingMessage } from 'node:http'
import { clientAddress } from '@bir/sdk/client-address'
import type { ProxiesBefore } from '@bir/sdk/client-address'

/** What is known of the sender of a request before anything is believed that it says. */
export interface Sender {
  /** The address of the client; `unknown` where trusted proxies do not tell it. */
  readonly ip: string
  readonly userAgent: string | undefined
}

export const senderOf = ({ socket, headers }: IncomingMessage, proxies: ProxiesBefore): Sender => ({
  ip: clientAddress({ socketAddress: socket.remoteAddress, headers }, proxies),
  userAgent: headers['user-agent'],
})

/** W3C Trace Context: the trace id of the header `traceparent`, 32 hex digits. */
export function traceIdOf({ headers: { traceparent } }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined
}
