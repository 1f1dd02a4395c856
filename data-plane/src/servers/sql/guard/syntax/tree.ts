/** The fields of a node in the parser's tree. Code in `resolve/` sees only nodes that the allow-list has accepted. */
export type Node = Readonly<Record<string, unknown>>

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Splits a node that carries its kind, such as `{ ColumnRef: {…} }`, into kind and fields. */
export function asTagged(value: unknown): { kind: string; node: Node } | undefined {
  if (!isNode(value)) return undefined
  const [kind, ...otherKeys] = Object.keys(value)
  if (kind === undefined || otherKeys.length > 0 || !/^[A-Z]/.test(kind)) return undefined
  const node = value[kind]
  return isNode(node) ? { kind, node } : undefined
}

/** The fields of a node of this kind; undefined for any other value. */
export function asKind(value: unknown, kind: string): Node | undefined {
  const tagged = asTagged(value)
  return tagged?.kind === kind ? tagged.node : undefined
}

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The parts of a qualified name, which the parser writes as String nodes. A star becomes undefined. */
export const readNames = (value: unknown): (string | undefined)[] => asList(value).map((part) => asText(asKind(part, 'String')?.['sval']))

/** The number of a constant with its sign, also under a cast; undefined for any other expression. */
export function constantNumber(value: unknown): number | undefined {
  const tagged = asTagged(value)
  if (tagged?.kind === 'TypeCast') return constantNumber(tagged.node['arg'])
  if (tagged?.kind === 'A_Expr' && tagged.node['lexpr'] === undefined && readNames(tagged.node['name'])[0] === '-') {
    const positive = constantNumber(tagged.node['rexpr'])
    return positive === undefined ? undefined : -positive
  }
  if (tagged?.kind !== 'A_Const') return undefined
  const { ival, fval } = tagged.node
  if (isNode(ival)) return Number(ival['ival'] ?? 0)
  if (isNode(fval)) return Number(fval['fval'])
  return undefined
}
