import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../../http/endpoint.ts'
import type { ToolAddress } from '../../aggregate/names/tool-names.ts'
import { formerName, joinedName } from '../../aggregate/names/tool-names.ts'
import { policyName } from '@bir/sdk/policy-name'

/** The tool that a name means at an endpoint. Undefined when the policy does not know it. */
export function addressOf(policy: Policy, endpoint: Endpoint, name: string): ToolAddress | undefined {
  const { server } = endpoint
  if (server === undefined) return addressBook(policy).get(name)
  const tool = policyName(name)
  return policy.servers.get(server)?.tools.has(tool) ? { server, tool } : undefined
}

type AddressBook = ReadonlyMap<string, ToolAddress | undefined>

const books = new WeakMap<Policy['servers'], AddressBook>()

/** A name that two tools have stands for neither. */
function addressBook({ servers }: Policy): AddressBook {
  const cachedBook = books.get(servers)
  if (cachedBook) return cachedBook
  const addresses = [...servers].flatMap(([server, { tools }]) => [...tools.keys()].map((tool) => ({ server, tool })))
  const book = new Map<string, ToolAddress | undefined>()
  for (const address of addresses) {
    const name = joinedName(address)
    book.set(name, book.has(name) ? undefined : address)
  }
  for (const address of addresses) if (!book.has(formerName(address))) book.set(formerName(address), address)
  books.set(servers, book)
  return book
}
