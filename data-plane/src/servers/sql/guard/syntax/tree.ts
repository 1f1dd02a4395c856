/** A part of the tree, once its kind has been checked against the allow-list. */
export type Node = Readonly<Record<string, unknown>>

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A node that carries its kind: `{ ColumnRef: {…} }`. */
export function tagged(value: unknown): { kind: string; node: Node } | undefined {
  if (!isNode(value)) return undefined
  const [kind, ...more] = Object.keys(value)
  if (kind === undefined || more.length > 0 || !/^[A-Z]/.test(kind)) return undefined
  const node = value[kind]
  return isNode(node) ? { kind, node } : undefined
}

/** The node itself, when it is of this kind. */
export function asKind(value: unknown, kind: string): Node | undefined {
  const found = tagged(value)
  return found?.kind === kind ? found.node : undefined
}

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A list of String nodes, as names are written; anything else in it, such as a star, becomes undefined. */
export const names = (value: unknown): (string | undefined)[] => list(value).map((part) => text(asKind(part, 'String')?.['sval']))

/** A whole number written out in the statement, its sign included. */
export function constantInteger(value: unknown): number | undefined {
  const found = tagged(value)
  if (found?.kind === 'TypeCast') return constantInteger(found.node['arg'])
  if (found?.kind === 'A_Expr' && found.node['lexpr'] === undefined && names(found.node['name'])[0] === '-') {
    const positive = constantInteger(found.node['rexpr'])
    return positive === undefined ? undefined : -positive
  }
  if (found?.kind !== 'A_Const') return undefined
  const { ival, fval } = found.node
  if (isNode(ival)) return Number(ival['ival'] ?? 0)
  if (isNode(fval)) return Number(fval['fval'])
  return undefined
}
