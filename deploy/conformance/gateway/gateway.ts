import type { MountedServer } from '@bir/data-plane/server-kit/define'
import { planeGateway } from './gateway-plane.ts'
import { productGateway } from './gateway-product.ts'
import type { Remotes, TestedGateway } from './tested-gateway.ts'

/**
 * `plane`: the data plane alone, in this process, with a policy of
 * the test. `product`: the whole gateway, as `npm start` starts it.
 */
export const gateways = { plane: planeGateway, product: productGateway } satisfies Record<
  string,
  (remotes: Remotes, mounted: MountedServer[]) => Promise<TestedGateway>
>
export type GatewayKind = keyof typeof gateways
export const gatewayKinds = ['plane', 'product'] as const
