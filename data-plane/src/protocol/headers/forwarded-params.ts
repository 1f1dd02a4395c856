import { GatewayError } from '@bir/sdk/contract/errors'
import { isHeaderValue } from './encoding.ts'
import type { ParamHeader } from './param-headers.ts'

const max = 64
const maxChars = 8_192

type Headers = Readonly<Record<string, string>>

const none: Headers = {}

/**
 * Of the `Mcp-Param-*` of a client, by their lower-case names, those that the called tool does not know: whoever stands before the
 * server may. They go on as they came; what a tool knows is made of its arguments, by whoever calls this. Throws for one that is no
 * header of MCP 2026-07-28, and for more than fits beside a server's own.
 */
export function passedParams(given: Headers, known: readonly ParamHeader[]): Headers {
  const unknown = Object.keys(given).filter((name) => !known.some(({ header }) => header === name))
  if (unknown.length === 0) return none
  const bad = unknown.find((name) => !isHeaderValue(given[name] ?? ''))
  if (bad !== undefined) throw refused(`The header ${bad} has a value that no header may have.`)
  const chars = unknown.reduce((sum, name) => sum + name.length + (given[name]?.length ?? 0), 0)
  if (unknown.length > max || chars > maxChars) throw refused('There are more Mcp-Param headers than are passed on.')
  return Object.fromEntries(unknown.map((name) => [name, given[name] ?? '']))
}

const refused = (message: string) => new GatewayError('headerMismatch', message, { publicMessage: message })
