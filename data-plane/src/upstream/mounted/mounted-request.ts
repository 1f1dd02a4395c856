import type { CallContext } from '../../server-kit/context.ts'
import type { UpstreamRequest } from '../upstream.ts'

/** A request to a mounted server: it always comes with the context of its call. */
export interface MountedRequest extends UpstreamRequest {
  readonly context: CallContext
}

/** Throws when the context is missing: only a remote server can be asked without one. */
export function requireContext(request: UpstreamRequest): asserts request is MountedRequest {
  if (!request.context) throw new TypeError('a mounted server needs the context of the call')
}
