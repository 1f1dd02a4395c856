import type { VerbatimJson } from '../../../json/verbatim.ts'

export interface LegacyRequest {
  readonly id: number
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly source?: VerbatimJson | undefined
}

/** The JSON of a legacy request. Its parameters keep the text of the client, except for parts that were changed. */
export const legacyBody = ({ id, method, params, source }: LegacyRequest): string =>
  `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${source?.toJson(params) ?? JSON.stringify(params)}}`
