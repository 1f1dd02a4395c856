import { nameDigest } from '@bir/sdk/policy-name'

export interface ToolAddress {
  readonly server: string
  /** The name by which the policy speaks of it. */
  readonly tool: string
}

const maxLength = 64
const keptLength = 55
/** What every host accepts in the name of a tool. Some refuse the dot, which MCP allows. */
const accepted = /^[A-Za-z0-9_-]+$/

/**
 * A tool's name on `/mcp`: `{server}_{tool}`. One that is longer than 64 characters, or has a dot, becomes its first 55
 * characters with `_` for each dot, `_`, and 8 base32 characters of its SHA-256.
 */
export function joinedName({ server, tool }: ToolAddress): string {
  const name = `${server}_${tool}`
  if (name.length <= maxLength && accepted.test(name)) return name
  return `${name.slice(0, keptLength).replaceAll(/[^A-Za-z0-9_-]/g, '_')}_${nameDigest(name)}`
}

/** The name that the tool had on `/mcp` while dots stood in such names. Whoever wrote it down may go on to call it. */
export const formerName = ({ server, tool }: ToolAddress): string => shortenedName(`${server}_${tool}`)

/** A name over 64 characters becomes its first 55, `_`, and 8 base32 characters of its SHA-256. */
export function shortenedName(name: string): string {
  return name.length <= maxLength ? name : `${name.slice(0, keptLength)}_${nameDigest(name)}`
}
