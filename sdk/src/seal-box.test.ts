import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { openSealed, sealTo } from './seal-box.ts'

const aPair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return { publicJwk: publicKey.export({ format: 'jwk' }), privateJwk: privateKey.export({ format: 'jwk' }) }
}

const text = 'a ring of keys'
const bytes = new TextEncoder().encode(text)

test('a box is opened by the private half of its key', () => {
  const { publicJwk, privateJwk } = aPair()
  expect(openSealed(privateJwk, sealTo(publicJwk, bytes)).toString()).toBe(text)
})

test('an empty content can be sealed', () => {
  const { publicJwk, privateJwk } = aPair()
  expect(openSealed(privateJwk, sealTo(publicJwk, new Uint8Array()))).toHaveLength(0)
})

test('another key does not open it', () => {
  expect(() => openSealed(aPair().privateJwk, sealTo(aPair().publicJwk, bytes))).toThrow()
})

test('two boxes of the same bytes have nothing in common', () => {
  const { publicJwk } = aPair()
  const [first, second] = [sealTo(publicJwk, bytes), sealTo(publicJwk, bytes)]
  expect(first.split('.')[1]).not.toBe(second.split('.')[1])
  expect(first.split('.')[2]).not.toBe(second.split('.')[2])
})

test.for([
  ['another version', (box: string) => box.replace('bir-box-1', 'bir-box-2')],
  ['another ephemeral key', (box: string) => box.replace(/\.[^.]+\./, `.${aPair().publicJwk.x}.`)],
  ['a changed byte', (box: string) => box.slice(0, -4) + (box.endsWith('AAAA') ? 'BBBB' : 'AAAA')],
  ['a lost end', (box: string) => box.slice(0, -8)],
  ['a lost body', (box: string) => box.split('.').slice(0, 2).join('.')],
  ['no box at all', () => ''],
] as const)('a box with %s is refused', ([, spoil]) => {
  const { publicJwk, privateJwk } = aPair()
  expect(() => openSealed(privateJwk, spoil(sealTo(publicJwk, bytes)))).toThrow()
})
