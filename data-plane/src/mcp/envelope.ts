import { META } from './versions.ts'

const serverInfo = { name: 'bir-mcp', title: 'Bir MCP', version: '0.1.0' }

export const instructions =
  'Bir MCP is a gateway to the tools of your company. You see the tools this person may use. Call whoami or list_permissions of meta to learn who you act for and why a tool is missing.'

export const capabilities = { tools: {} }

/** What a modern result carries beside its own fields (MCP 2026-07-28: resultType, serverInfo). */
const modern = { resultType: 'complete', _meta: { [META.server]: serverInfo } }
const modernTail = `,${JSON.stringify(modern).slice(1)}`

/** Lists and discovery differ by person and may change at any time: nobody but the client itself may keep them, and not for long. */
export const uncached = { ttlMs: 0, cacheScope: 'private' }

/** The JSON of a result, in the caller's era. */
export function resultJson(result: object, isModern: boolean): string {
  const json = JSON.stringify(result)
  if (!isModern) return json
  return json === '{}' ? JSON.stringify(modern) : json.slice(0, -1) + modernTail
}

export const initializeResult = (protocolVersion: string) => ({ protocolVersion, capabilities, serverInfo, instructions })
