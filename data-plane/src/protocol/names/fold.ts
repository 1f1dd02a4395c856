/**
 * A name as the least careful reader of JSON sees it. Readers that ignore case differ in how they do it, so this is
 * more than any of them: simple folding (Go's `encoding/json`: `ſ` is s, the Kelvin sign is k), full folding (`ß` is
 * ss), the letters i of Turkish (Java), no hyphens or underscores (Go's `encoding/json/v2`, protobuf), and no
 * characters without a shape, which some readers drop.
 */
export const foldedName = (name: string): string =>
  name
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/[-_\p{Cc}\p{Cf}]|\u0307/gu, '')

/**
 * Which of the names a careless reader takes this one for. `byFold` holds each under its folded name. For a reader
 * whose strings end at NUL, as in C, what stands before the first is the whole name.
 */
export function nameLike(byFold: ReadonlyMap<string, string>, name: string): string | undefined {
  const end = name.indexOf('\0')
  return byFold.get(foldedName(name)) ?? (end < 0 ? undefined : byFold.get(foldedName(name.slice(0, end))))
}
