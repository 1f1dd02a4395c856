import { fixtureTools } from './fixture/tool-names.ts'
import { mountedFixture } from './fixture/mounted.ts'
import { startForwarder } from './forwarder.ts'
import { gateways } from './gateway/gateway.ts'
import type { GatewayKind } from './gateway/gateway.ts'
import type { TestedGateway } from './gateway/tested-gateway.ts'
import { kinds as upstreamKinds, upstreams } from './upstreams/index.ts'

/** The servers behind the gateway: three remote ones and a mounted one. */
export const behind = [...upstreamKinds, 'mounted'] as const
export type Behind = (typeof behind)[number]

const server = 'fixture'

/** A URL for the suite. */
export interface Way extends AsyncDisposable {
  url: string
  /** Internal errors of the gateway. */
  faults?(): string[]
}

/** Starts a fixture with a gateway in front of it. A forwarder adds the token, because the suite has none. */
export async function wayThrough(kind: Behind, gatewayKind: GatewayKind): Promise<Way> {
  await using stack = new AsyncDisposableStack()
  const gateway = stack.use(await gatewayTo(kind, gatewayKind, stack))
  const { url } = stack.use(await forwarderTo(gateway))
  const resources = stack.move()
  return { url, faults: () => gateway.faults(), [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function gatewayTo(kind: Behind, gatewayKind: GatewayKind, stack: AsyncDisposableStack): Promise<TestedGateway> {
  const start = gateways[gatewayKind]
  if (kind === 'mounted') return start({}, [mountedFixture(server)])
  const { url } = stack.use(await upstreams[kind].start())
  return start({ [server]: { url, tools: fixtureTools } }, [])
}

const forwarderTo = (gateway: TestedGateway) =>
  startForwarder({ target: gateway.url(server), headers: { authorization: `Bearer ${gateway.token}` }, origin: gateway.origin })
