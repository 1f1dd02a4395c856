import { fileURLToPath } from 'node:url'
import type { GatewayKind } from '../gateway/gateway.ts'

/** What the suite is told to run as the client; it adds the URL of its server. `none`: the official client alone. */
export const clientCommand = (gateway: GatewayKind | 'none') =>
  `${process.execPath} ${fileURLToPath(new URL('drive.ts', import.meta.url))} ${gateway}`
