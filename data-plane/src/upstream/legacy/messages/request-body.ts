import type { VerbatimJson } from '../../../json/verbatim.ts'

interface Message {
  readonly id: number
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly source?: VerbatimJson | undefined
}

/** A request of the legacy eras: its parameters as the client wrote them, but for what was changed. */
export const legacyBody = ({ id, method, params, source }: Message): string =>
  `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${source?.toJson(params) ?? JSON.stringify(params)}}`
