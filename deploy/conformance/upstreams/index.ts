import type { Revision } from '../suite/requirements.ts'
import { legacyUpstream } from './legacy.ts'
import { dualUpstream, modernUpstream } from './modern.ts'
import { sseUpstream } from './sse.ts'
import type { Upstream } from './serve.ts'

/** The remote fixtures, and the revisions that each speaks with the suite, which has no HTTP+SSE, without a gateway. */
export const upstreams: Record<UpstreamKind, { start(): Promise<Upstream>; speaks: readonly Revision[] }> = {
  dual: { start: dualUpstream, speaks: ['2025-11-25', '2026-07-28'] },
  legacy: { start: legacyUpstream, speaks: ['2025-11-25'] },
  modern: { start: modernUpstream, speaks: ['2026-07-28'] },
  sse: { start: sseUpstream, speaks: [] },
}
export const kinds = ['dual', 'legacy', 'modern', 'sse'] as const
export type UpstreamKind = (typeof kinds)[number]
