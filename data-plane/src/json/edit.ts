/** A JSON object as it came, unknown fields and all. */
export type Fields = Readonly<Record<string, unknown>>

/** The object with one field replaced, in its place; the very same object when that changes nothing. */
export function withField<T extends Fields>(of: T, key: string, value: unknown): T {
  return of[key] === value ? of : { ...of, [key]: value }
}

/** The array with every item passed through `change`; the very same array when no item changed. */
export function eachItem(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = items.map(change)
  return changed.some((item, at) => item !== items[at]) ? changed : items
}

/** The object with every value passed through `change`; the very same object when no value changed. */
export function eachValue<T extends Fields>(of: T, change: (value: unknown) => unknown): T {
  const changed = Object.entries(of).map(([key, value]) => [key, change(value)] as const)
  return changed.some(([key, value]) => value !== of[key]) ? (Object.fromEntries(changed) as T) : of
}

/** The object without one field; the very same object when it has none such. */
export function withoutField<T extends Fields>(of: T, key: string): Fields {
  if (!Object.hasOwn(of, key)) return of
  const { [key]: _, ...rest } = of
  return rest
}
