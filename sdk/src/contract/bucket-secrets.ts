import { Level } from './level.ts'
import { SECRET_UNUSABLE, SECRET_USABLE } from './snapshot.ts'
import type { SecretEntry } from './snapshot.ts'

/* The column `secrets` of a bucket: what is known of the secrets that people have of their own. */

const wordsPerSecret = 4
const bytesPerSecret = wordsPerSecret * 4

/** One secret of one person, as the column has it. */
export interface SecretRow extends SecretEntry {
  /** The person's position in the bucket. */
  position: number
  server: string
}

/** Looks up the secret of a person for a server. */
export interface SecretColumn {
  of(position: number, server: string): SecretEntry | undefined
}

/** Reads the column into one typed array. Throws when it does not fit the bucket of `people` people. */
export function readSecretColumn(bytes: DataView, servers: readonly string[], people: number): SecretColumn {
  if (bytes.byteLength % bytesPerSecret !== 0) throw inconsistent()
  const words = new Uint32Array(bytes.byteLength / 4)
  for (let at = 0; at < words.length; at++) words[at] = bytes.getUint32(at * 4, true)
  for (let at = 0; at < words.length; at += wordsPerSecret) {
    const isSorted = at === 0 || keyAt(words, at - wordsPerSecret) < keyAt(words, at)
    if (!isSorted || (words[at] ?? 0) >= people || serverIndex(words, at) >= servers.length) throw inconsistent()
  }
  const indexOf = new Map(servers.map((server, index) => [server, index]))
  return {
    of(position, server) {
      const index = indexOf.get(server)
      const at = index === undefined ? -1 : find(words, keyOf(position, index))
      return at < 0 ? undefined : entryAt(words, at)
    },
  }
}

/** Of a secret that covers no level. The number of such a level is that of every level. */
const coversNothing = 1 + SECRET_UNUSABLE.indexOf('insufficient_scope')

/** Writes the columns. Rows may come in any order. */
export function writeSecretColumn(rows: readonly SecretRow[]): { secretServers: string[]; secrets: Uint8Array } {
  const secretServers = [...new Set(rows.map(({ server }) => server))].sort()
  const index = new Map(secretServers.map((server, at) => [server, at]))
  const keyed = rows.map((row) => ({ ...row, key: keyOf(row.position, index.get(row.server) ?? 0) })).sort((a, b) => a.key - b.key)
  const bytes = new DataView(new ArrayBuffer(keyed.length * bytesPerSecret))
  keyed.forEach(({ position, server, state, version, level, expiresAtMs }, at) => {
    const levelCode = level === undefined ? 0 : Level.options.indexOf(level)
    const expiresAtS = expiresAtMs === undefined ? 0 : Math.max(1, Math.min(Math.floor(expiresAtMs / 1000), 0xffff_ffff))
    const stated = state === SECRET_USABLE && level === 'disabled' ? coversNothing : state
    const words = [position, ((index.get(server) ?? 0) | (stated << 16) | (levelCode << 24)) >>> 0, version, expiresAtS]
    words.forEach((word, offset) => bytes.setUint32(at * bytesPerSecret + offset * 4, word, true))
  })
  return { secretServers, secrets: new Uint8Array(bytes.buffer) }
}

function find(words: Uint32Array, key: number): number {
  let low = 0
  let high = words.length / wordsPerSecret - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = keyAt(words, middle * wordsPerSecret)
    if (found === key) return middle * wordsPerSecret
    if (found < key) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** A position has 32 bits and an index 16: together they are an exact number. */
const keyOf = (position: number, index: number) => position * 0x1_0000 + index

const keyAt = (words: Uint32Array, at: number) => keyOf(words[at] ?? 0, serverIndex(words, at))

const serverIndex = (words: Uint32Array, at: number) => (words[at + 1] ?? 0) & 0xffff

function entryAt(words: Uint32Array, at: number): SecretEntry {
  const packed = words[at + 1] ?? 0
  const level = packed >>> 24 === 0 ? undefined : (Level.options[packed >>> 24] ?? 'disabled')
  const expiresAtS = words[at + 3] ?? 0
  return {
    version: words[at + 2] ?? 0,
    state: (packed >>> 16) & 0xff,
    ...(level !== undefined && { level }),
    ...(expiresAtS !== 0 && { expiresAtMs: expiresAtS * 1000 }),
  }
}

const inconsistent = () => new Error('a bucket of principals has a column of secrets that does not fit it')
