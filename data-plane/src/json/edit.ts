/** A JSON object as it was received, with its unknown fields. */
export type Fields = Readonly<Record<string, unknown>>

/** The object with one field replaced, in its place. The same object when that changes nothing. */
export function withField<T extends Fields>(object: T, key: string, value: unknown): T {
  return object[key] === value ? object : { ...object, [key]: value }
}

/** The array with every item passed through `change`. The same array when no item changed. */
export function eachItem(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const newItems = items.map(change)
  return newItems.some((item, index) => item !== items[index]) ? newItems : items
}

/** The object with every value passed through `change`. The same object when no value changed. */
export function eachValue<T extends Fields>(object: T, change: (value: unknown) => unknown): T {
  const newEntries = Object.entries(object).map(([key, value]) => [key, change(value)] as const)
  return newEntries.some(([key, value]) => value !== object[key]) ? (Object.fromEntries(newEntries) as T) : object
}

/** The object without one field. The same object when it has no such field. */
export function withoutField<T extends Fields>(object: T, key: string): Fields {
  if (!Object.hasOwn(object, key)) return object
  const { [key]: _, ...rest } = object
  return rest
}
