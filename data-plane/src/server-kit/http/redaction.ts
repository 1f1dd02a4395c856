/**
 * Members that never leave the gateway, whatever a service sends: credentials of all kinds. Schemas pick what is kept;
 * this holds where a schema keeps too much.
 */
const secretMember =
  /(^|_)(tokens?|password|secret|private_key)$|^(runners_token|import_url|authorization|private-token|cookie|set-cookie)$|^secureJson|password/i

/** Numbers of a page, and no secrets. */
const harmless = new Set(['page_token', 'next_page_token', 'continue_token'])

const maxDepth = 64

/** The value without the members that never leave. Members of `variables` keep their keys, and lose their values. */
export function withoutSecrets(value: unknown, inVariables = false, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) return undefined
  if (Array.isArray(value)) return value.map((item: unknown) => withoutSecrets(item, inVariables, depth + 1))
  const kept: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    if (secretMember.test(name) && !harmless.has(name)) continue
    if (inVariables && name === 'value') continue
    if (name === '__proto__') continue
    kept[name] = withoutSecrets(member, name === 'variables', depth + 1)
  }
  return kept
}
