import { startForwarder } from './forwarder.ts'
import type { TestedGateway } from './gateway.ts'

/** A way to one server of a gateway that carries its own token, since the suite brings none. */
export const through = (gateway: TestedGateway, server: string) =>
  startForwarder({ target: gateway.url(server), headers: { authorization: `Bearer ${gateway.token}` }, origin: gateway.origin })
