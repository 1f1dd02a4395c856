import { isObject } from '../json/is-object.ts'

type Params = Readonly<Record<string, unknown>>

/** The token under which a request asks for its progress. */
export function tokenOf(params: Params): string | number | undefined {
  const token = isObject(params['_meta']) ? params['_meta']['progressToken'] : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** Two clients may choose the same token, so towards the server a request has one of our own. */
export const withToken = (params: Params, progressToken: number): Params =>
  tokenOf(params) === undefined ? params : { ...params, _meta: { ...(params['_meta'] as object), progressToken } }
