import type { z } from 'zod'

/** The member that holds an audit record's header. Its hash covers every member, so none may be left out. */
const hashedMember = 'header'

/** A newer gateway may add members at several depths, and each parse tells those of one. */
const maxDepth = 16

/**
 * Parses what a gateway wrote that may be newer than this code: members that the schema does not know are left out,
 * though the schema refuses them of others. Any other fault stays.
 */
export function parseKnownMembers<T>(schema: z.ZodType<T>, answer: unknown, depth = 0): z.ZodSafeParseResult<T> {
  const parsed = schema.safeParse(answer)
  if (parsed.success || depth === maxDepth) return parsed
  const unknownMembers = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && !issue.path.includes(hashedMember) ? issue.keys.map((key) => [...issue.path, key]) : [],
  )
  if (unknownMembers.length === 0) return parsed
  const copy: unknown = structuredClone(answer)
  for (const path of unknownMembers) deleteAt(copy, path)
  return parseKnownMembers(schema, copy, depth + 1)
}

function deleteAt(root: unknown, path: readonly PropertyKey[]): void {
  const owner = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root)
  if (typeof owner === 'object' && owner !== null) Reflect.deleteProperty(owner, path.at(-1) ?? '')
}
