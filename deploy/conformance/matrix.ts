import { fixtureTools } from './fixture/tool-names.ts'
import { mountedFixture } from './fixture/mounted.ts'
import { startForwarder } from './forwarder.ts'
import { gateways } from './gateway/gateway.ts'
import type { GatewayKind } from './gateway/gateway.ts'
import type { TestedGateway } from './gateway/tested-gateway.ts'
import { kinds as upstreamKinds, upstreams } from './upstreams/index.ts'

/** What the gateway is put in front of: three servers it reaches over HTTP, and one of its own. */
export const behind = [...upstreamKinds, 'mounted'] as const
export type Behind = (typeof behind)[number]

const server = 'fixture'

export interface Way extends AsyncDisposable {
  url: string
  /** What the gateway says went wrong inside. */
  faults?(): string[]
}

/** The way to a fixture through a gateway, which carries its own token, since the suite brings none. */
export async function wayThrough(kind: Behind, gatewayKind: GatewayKind): Promise<Way> {
  await using stack = new AsyncDisposableStack()
  const gateway = stack.use(await gatewayTo(kind, gatewayKind, stack))
  const { url } = stack.use(await forwarderTo(gateway))
  const kept = stack.move()
  return { url, faults: () => gateway.faults(), [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function gatewayTo(kind: Behind, gatewayKind: GatewayKind, stack: AsyncDisposableStack): Promise<TestedGateway> {
  const start = gateways[gatewayKind]
  if (kind === 'mounted') return start({}, [mountedFixture(server)])
  const { url } = stack.use(await upstreams[kind].start())
  return start({ [server]: { url, tools: fixtureTools } }, [])
}

const forwarderTo = (gateway: TestedGateway) =>
  startForwarder({ target: gateway.url(server), headers: { authorization: `Bearer ${gateway.token}` }, origin: gateway.origin })
