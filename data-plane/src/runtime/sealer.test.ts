import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Sealer } from './sealer.ts'

const ring = [
  { kid: 'new', key: Buffer.alloc(32, 1) },
  { kid: 'old', key: Buffer.alloc(32, 2) },
]

function aSealer(keys = ring): Sealer {
  const sealer = new Sealer()
  sealer.use(keys)
  return sealer
}

const later = 2_000_000_000_000

test('a sealed value opens for the same kind and person until it expires', () => {
  fc.assert(
    fc.property(fc.object(), fc.string(), fc.string(), (value, kind, person) => {
      const json = JSON.parse(JSON.stringify(value))
      const sealed = aSealer().seal(kind, person, json, later)
      expect(aSealer().open(kind, person, sealed, later - 1)).toEqual(json)
      expect(aSealer().open(kind, person, sealed, later)).toBeUndefined()
      expect(aSealer().open(`${kind}x`, person, sealed, 0)).toBeUndefined()
      expect(aSealer().open(kind, `${person}x`, sealed, 0)).toBeUndefined()
    }),
  )
})

test('a sealed value with any character altered does not open', () => {
  const sealed = aSealer().seal('session', 'alice', { a: 1 }, later)
  for (let at = 0; at < sealed.length; at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A'
    const altered = sealed.slice(0, at) + other + sealed.slice(at + 1)
    const same = Buffer.from(altered.split('.')[1] ?? '', 'base64url').equals(Buffer.from(sealed.split('.')[1] ?? '', 'base64url'))
    if (!same || at < 4) expect(aSealer().open('session', 'alice', altered, 0)).toBeUndefined()
  }
})

test('the newest key seals; older keys of the ring still open; a key that left the ring does not', () => {
  const sealed = aSealer([ring[1]!]).seal('k', 'p', { a: 1 }, later)
  expect(aSealer().open('k', 'p', sealed, 0)).toEqual({ a: 1 })
  expect(aSealer([ring[0]!]).open('k', 'p', sealed, 0)).toBeUndefined()
  expect(aSealer().seal('k', 'p', {}, later)).toMatch(/^new\./)
})

test('any text is refused without an exception', () => {
  fc.assert(fc.property(fc.string(), (text) => aSealer().open('k', 'p', text, 0) === undefined))
})
