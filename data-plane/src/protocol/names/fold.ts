/**
 * A name as the least careful reader of JSON sees it. Readers that ignore case differ in how they do it, so this is
 * more than any of them: simple folding (Go's `encoding/json`: `ſ` is s, the Kelvin sign is k), full folding (`ß` is
 * ss), the letters i of Turkish (Java), and no hyphens or underscores (Go's `encoding/json/v2`, protobuf).
 */
export const foldedName = (name: string): string =>
  name
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/[-_]|\u0307/g, '')
