interface Named {
  id: string
  name: string
}

/** The names as one text, each with its id where several bear it; `none` when there are none. */
export function distinctNames(items: readonly Named[]): string {
  const countOf = (name: string) => items.filter((item) => item.name === name).length
  return items.map(({ id, name }) => (countOf(name) > 1 ? `${name} (${id})` : name)).join(', ') || 'none'
}
