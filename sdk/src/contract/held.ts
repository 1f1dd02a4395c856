import { z } from 'zod'
import { Id, Sha256 } from './names.ts'

/**
 * The parameter of the protected header (RFC 7515, section 4.2) of manifests and statements of freshness that names the
 * history. Numbers of revisions count within a history: a control plane whose database was set back begins a new one.
 * Absent where the control plane is of an earlier version.
 */
export const HISTORY_HEADER = 'history'

/**
 * What a plane holds, in the query of `GET /internal/v1/snapshot` and `POST /internal/v1/acks`. (A query, because
 * control planes of earlier versions ignore what they do not know there.) What does not fit counts as absent.
 */
export const HeldQuery = z.object({
  history: Id.optional().catch(undefined),
  root: Sha256.optional().catch(undefined),
})
export type HeldQuery = z.infer<typeof HeldQuery>

/** The same as the text of a query, without `?`; empty for a plane that holds nothing. */
export const heldQuery = ({ history, root }: HeldQuery): string =>
  new URLSearchParams({ ...(history !== undefined && { history }), ...(root !== undefined && { root }) }).toString()
