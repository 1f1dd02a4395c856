import { stringify } from 'yaml'
import type { Client } from '../../client.ts'
import { ApiFailure } from '../../client.ts'
import type { PolicyFile } from '../../contract/policy-file.ts'

/** The policy as `bir apply` reads it, whatever characters its names have. */
export const policyAsYaml = (policy: PolicyFile): string => stringify(policy, { lineWidth: 0, aliasDuplicateObjects: false })

/**
 * The policy in force as YAML. Comments above it say which policy this is, for `bir apply --expect`, and whom the
 * identity provider made a member of a group: a file changes nothing about them.
 */
export async function annotatedPolicy(client: Client): Promise<string> {
  for (let turn = 1; ; turn++) {
    const before = await versionOf(client)
    const text = policyAsYaml(await client.policy.export())
    const given = await membersFromProvider(client)
    const after = await versionOf(client)
    // Somebody changed the policy between the questions: ask again, so that the comment is true.
    if (before?.policy !== after?.policy && turn < 3) continue
    const isTrue = after !== undefined && before?.policy === after.policy
    const name = isTrue ? [`# Policy ${after.policy} at revision ${after.revision}.`] : []
    const comments = [...name, ...given]
    return comments.length === 0 ? text : `${comments.join('\n')}\n\n${text}`
  }
}

const versionOf = (client: Client) => unlessOlder(client.policy.version())

/** Undefined when the control plane is of an earlier version and has no such operation. */
async function unlessOlder<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'not_found') return undefined
    throw error
  }
}

const pageGroups = 500
/** More names than these say no more. */
const maxNames = 20

async function membersFromProvider(client: Client): Promise<string[]> {
  const lines: string[] = []
  let after: string | null | undefined
  while (after !== null) {
    const page = await unlessOlder(client.groups.list({ first: pageGroups, ...(after && { after }) }))
    if (!page) return []
    lines.push(...page.items.filter(({ membersFromProvider: given }) => given.length > 0).map(lineOf))
    after = page.next
  }
  return lines.length === 0 ? [] : ['# The identity provider made these people members; this file changes nothing about them:', ...lines]
}

function lineOf({ handle, membersFromProvider: given }: { handle: string; membersFromProvider: string[] }): string {
  const more = given.length - maxNames
  return `#   ${handle}: ${given.slice(0, maxNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
