import { fileURLToPath } from 'node:url'
import type { GatewayKind } from '../gateway/gateway.ts'

/**
 * The command that the suite runs as the client. It appends the URL
 * of its server. `none`: the official client without a gateway.
 */
export const clientCommand = (gateway: GatewayKind | 'none') =>
  `${process.execPath} ${fileURLToPath(new URL('drive.ts', import.meta.url))} ${gateway}`
