import type { Client } from '../../client.ts'
import { badUsage } from '../base/fault.ts'
import { distinctNames } from '../output/distinct-names.ts'

/**
 * A plane that is not expelled, and how many others there are. Several planes can have the same name; then only an id
 * selects one.
 */
export async function memberOf(client: Client, nameOrId: string): Promise<{ id: string; others: number }> {
  const { items } = await client.planes.list()
  const members = items.filter(({ expelled }) => !expelled)
  const matches = members.filter(({ id, name }) => id === nameOrId || name === nameOrId)
  const [match, secondMatch] = matches
  if (match && !secondMatch) return { id: match.id, others: members.length - 1 }
  if (secondMatch)
    throw badUsage(
      `There are ${matches.length} planes called ${nameOrId}: give the id of one of ${matches.map(({ id }) => id).join(', ')}.`,
    )
  throw badUsage(`There is no plane ${nameOrId}; there ${members.length === 1 ? 'is' : 'are'} ${distinctNames(members)}.`)
}
