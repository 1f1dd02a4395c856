import { randomBytes } from 'node:crypto'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/** A value that is in one place only, so that whoever finds it elsewhere has found a leak. */
export interface Canary {
  /** What it is, for the message of a failure. The value itself stands in no message. */
  readonly name: string
  readonly value: string
}

/** No real secret, and made anew each time. */
export const aCanary = (name: string, { before = '', after = '' } = {}): Canary => ({
  name,
  value: `${before}${randomBytes(15).toString('hex')}${after}`,
})

/** Base64 of a text at any place of a longer one: what does not depend on its neighbours, at three offsets. */
const base64Within = (value: string): string[] =>
  [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'.'.repeat(offset)}${value}`).toString('base64')
    return encoded.slice(Math.ceil((offset * 8) / 6) + (offset === 0 ? 0 : 1), -4)
  })

/** How a value may be spelled: as it is, base64 (three offsets), base64url, URL-encoded, escaped in JSON, hex. */
export function spellingsOf(value: string): ReadonlyMap<string, string> {
  const [at0 = '', at1 = '', at2 = ''] = base64Within(value)
  const hex = Buffer.from(value).toString('hex')
  return new Map([
    ['as it is', value],
    ['base64 at 0', at0],
    ['base64 at 1', at1],
    ['base64 at 2', at2],
    ['base64url', Buffer.from(value).toString('base64url').slice(0, -3)],
    ['URL-encoded', encodeURIComponent(value)],
    ['escaped in JSON', JSON.stringify(value).slice(1, -1)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
  ])
}

/** Searches for canaries in all their spellings. What is compressed is searched inside too. */
export function searchFor(canaries: readonly Canary[]) {
  const needles = canaries.flatMap(({ name, value }) =>
    [...spellingsOf(value)].map(([spelling, text]) => ({ what: `${name}, ${spelling}`, bytes: Buffer.from(text) })),
  )
  let bytes = 0
  /** What stands in it, by name and spelling. Empty: nothing. */
  function found(content: Buffer | string): string[] {
    const given = typeof content === 'string' ? Buffer.from(content) : content
    bytes += given.length
    const inside = unpacked(given)
    return [...needles.filter((needle) => given.includes(needle.bytes)).map(({ what }) => what), ...(inside ? found(inside) : [])]
  }
  return { found, searchedBytes: () => bytes }
}

function unpacked(content: Buffer): Buffer | undefined {
  try {
    if (content.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return gunzipSync(content)
    if (content.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) return zstdDecompressSync(content)
  } catch {
    // It only looks like it.
  }
  return undefined
}
