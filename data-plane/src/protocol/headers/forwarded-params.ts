import { GatewayError } from '@bir/sdk/contract/errors'
import { isHeaderValue } from './encoding.ts'
import { foldedHeader } from './folded-header.ts'
import type { ParamHeader } from './param-headers.ts'

const maxHeaders = 64
const maxChars = 8_192

type Headers = Readonly<Record<string, string>>

const noHeaders: Headers = {}

/**
 * Picks the client's `Mcp-Param-*` headers that the called tool does not declare. They are forwarded as they came,
 * because a proxy in front of the server may know them. The declared ones (`toolHeaders`) are left out: the caller of
 * this function makes them from the arguments. Throws when a value breaks the rules of MCP 2026-07-28, and when there
 * are more headers than are forwarded. `clientHeaders` has lower-case names.
 */
export function passedParams(clientHeaders: Headers, toolHeaders: readonly ParamHeader[]): Headers {
  const names = Object.keys(clientHeaders).filter((name) => !toolHeaders.some(({ header }) => header === name))
  if (names.length === 0) return noHeaders
  const toolNames = new Set(toolHeaders.map(({ header }) => foldedHeader(header)))
  const double = names.find((name) => toolNames.has(foldedHeader(name)))
  if (double !== undefined) throw refusal(`The header ${double} can be read as one that the tool declares.`)
  const invalidName = names.find((name) => !isHeaderValue(clientHeaders[name] ?? ''))
  if (invalidName !== undefined) throw refusal(`The header ${invalidName} has a value that no header may have.`)
  const chars = names.reduce((sum, name) => sum + name.length + (clientHeaders[name]?.length ?? 0), 0)
  if (names.length > maxHeaders || chars > maxChars) throw refusal('There are more Mcp-Param headers than are passed on.')
  return Object.fromEntries(names.map((name) => [name, clientHeaders[name] ?? '']))
}

const refusal = (message: string) => new GatewayError('headerMismatch', message, { publicMessage: message })
