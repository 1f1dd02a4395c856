import type { Revision } from '../suite/requirements.ts'
import { legacyUpstream } from './legacy.ts'
import { dualUpstream, modernUpstream } from './modern.ts'
import type { Upstream } from './serve.ts'

/** The remote fixtures, and the revisions that each speaks without a gateway. */
export const upstreams: Record<UpstreamKind, { start(): Promise<Upstream>; speaks: readonly Revision[] }> = {
  dual: { start: dualUpstream, speaks: ['2025-11-25', '2026-07-28'] },
  legacy: { start: legacyUpstream, speaks: ['2025-11-25'] },
  modern: { start: modernUpstream, speaks: ['2026-07-28'] },
}
export const kinds = ['dual', 'legacy', 'modern'] as const
export type UpstreamKind = (typeof kinds)[number]
