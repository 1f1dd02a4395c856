import { isObject } from '../json/is-object.ts'

type Params = Readonly<Record<string, unknown>>

/** The token with which a request asks for progress notifications. */
export function tokenOf(params: Params): string | number | undefined {
  const token = isObject(params['_meta']) ? params['_meta']['progressToken'] : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** Replaces the client's token by one of the gateway, because two clients of one server may choose the same token. */
export const withToken = (params: Params, progressToken: number): Params =>
  tokenOf(params) === undefined ? params : { ...params, _meta: { ...(params['_meta'] as object), progressToken } }
