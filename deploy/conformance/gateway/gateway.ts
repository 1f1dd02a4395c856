import type { MountedServer } from '@bir/data-plane/server-kit/define'
import { planeGateway } from './gateway-plane.ts'
import { productGateway } from './gateway-product.ts'
import type { Remotes, TestedGateway } from './tested-gateway.ts'

/** `plane`: the data plane alone, in this process, its policy set by hand. `product`: everything, as a newcomer starts it. */
export const gateways = { plane: planeGateway, product: productGateway } satisfies Record<
  string,
  (remotes: Remotes, mounted: MountedServer[]) => Promise<TestedGateway>
>
export type GatewayKind = keyof typeof gateways
export const gatewayKinds = ['plane', 'product'] as const
