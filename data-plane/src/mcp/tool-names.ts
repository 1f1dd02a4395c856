import { createHash } from 'node:crypto'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from './endpoint.ts'

export interface ToolAddress {
  readonly server: string
  readonly tool: string
}

const longest = 64
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** A tool's name on `/mcp`: `{server}_{tool}`; over 64 characters its first 55, `_` and 8 base32 characters of its SHA-256. */
export function joinedName({ server, tool }: ToolAddress): string {
  const name = `${server}_${tool}`
  if (name.length <= longest) return name
  const digest = createHash('sha256').update(name).digest()
  const bits = [...digest.subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const tail = Array.from({ length: 8 }, (_, at) => alphabet[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)]).join('')
  return `${name.slice(0, 55)}_${tail}`
}

/** Which tool a name means at an endpoint; undefined when the policy knows none such. */
export function addressOf(policy: Policy, endpoint: Endpoint, name: string): ToolAddress | undefined {
  if (endpoint.server === undefined) return addressBook(policy).get(name)
  return policy.servers.get(endpoint.server)?.tools.has(name) ? { server: endpoint.server, tool: name } : undefined
}

const books = new WeakMap<Policy['servers'], ReadonlyMap<string, ToolAddress>>()

function addressBook({ servers }: Policy): ReadonlyMap<string, ToolAddress> {
  const known = books.get(servers)
  if (known) return known
  const addresses = [...servers].flatMap(([server, { tools }]) => [...tools.keys()].map((tool) => ({ server, tool })))
  const book = new Map(addresses.map((address) => [joinedName(address), address]))
  books.set(servers, book)
  return book
}
