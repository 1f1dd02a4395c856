import type { MountedServer } from '@bir/data-plane/servers/define'
import { planeGateway } from './gateway-plane.ts'
import { productGateway } from './gateway-product.ts'

/** A gateway that has servers behind it, and a person who may use all of them. */
export interface TestedGateway extends AsyncDisposable {
  /** The endpoint of one server, names and URIs untouched. */
  url(server: string): URL
  token: string
  /** The origin that its own pages have. */
  origin: string
  /** What it says went wrong inside, as far as that can be asked. */
  faults(): string[]
}

/** A remote server by the id it gets. Its tools are named, since a policy that was set by hand knows only what it is told. */
export type Remotes = Record<string, { url: string; tools: readonly string[] }>

/** `plane`: the data plane alone, in this process, its policy set by hand. `product`: everything, as a newcomer starts it. */
export const gateways = { plane: planeGateway, product: productGateway } satisfies Record<
  string,
  (remotes: Remotes, mounted: MountedServer[]) => Promise<TestedGateway>
>
export type GatewayKind = keyof typeof gateways
export const gatewayKinds = ['plane', 'product'] as const
