import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../../http/endpoint.ts'
import type { ToolAddress } from '../../aggregate/names/tool-names.ts'
import { joinedName } from '../../aggregate/names/tool-names.ts'

/** The tool that a name means at an endpoint. Undefined when the policy does not know it. */
export function addressOf(policy: Policy, endpoint: Endpoint, name: string): ToolAddress | undefined {
  if (endpoint.server === undefined) return addressBook(policy).get(name)
  return policy.servers.get(endpoint.server)?.tools.has(name) ? { server: endpoint.server, tool: name } : undefined
}

const books = new WeakMap<Policy['servers'], ReadonlyMap<string, ToolAddress>>()

function addressBook({ servers }: Policy): ReadonlyMap<string, ToolAddress> {
  const cachedBook = books.get(servers)
  if (cachedBook) return cachedBook
  const addresses = [...servers].flatMap(([server, { tools }]) => [...tools.keys()].map((tool) => ({ server, tool })))
  const book = new Map(addresses.map((address) => [joinedName(address), address]))
  books.set(servers, book)
  return book
}
