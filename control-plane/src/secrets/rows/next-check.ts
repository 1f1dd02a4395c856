import type { GatewaySettings } from '@bir/sdk/contract/settings'

const dayMs = 86_400_000
const jitter = 0.1

/** When a secret is checked again: a tenth earlier or later than the settings say, so that not all come at once. */
export function nextCheck({ secretCheckEveryMs }: Pick<GatewaySettings, 'secretCheckEveryMs'>, now: Date, random = Math.random()): Date {
  const everyMs = secretCheckEveryMs || dayMs
  return new Date(now.getTime() + everyMs * (1 - jitter + 2 * jitter * random))
}
