import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { publicOnly } from './plane-key.ts'

const jwkOf = (crv: string, hex: string) => ({ kty: 'OKP', crv, x: Buffer.from(hex, 'hex').toString('base64url'), kid: 'k', alg: 'a' })

/** Points of small order, little-endian, with the two signs of x, and what is the same modulo p. */
test.for<['Ed25519' | 'X25519', string]>([
  ['Ed25519', '00'.repeat(32)],
  ['Ed25519', `${'00'.repeat(31)}80`],
  ['Ed25519', `01${'00'.repeat(31)}`],
  ['Ed25519', `ec${'ff'.repeat(30)}7f`],
  ['Ed25519', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['Ed25519', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['Ed25519', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['Ed25519', `ed${'ff'.repeat(30)}7f`],
  ['Ed25519', `ee${'ff'.repeat(30)}ff`],
  ['X25519', '00'.repeat(32)],
  ['X25519', `01${'00'.repeat(31)}`],
  ['X25519', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['X25519', `ec${'ff'.repeat(30)}7f`],
])('the %s key %s is refused, because it protects nothing', async ([curve, hex]) => {
  const refusal = { status: 400, message: expect.stringContaining(`The ${curve} key of the plane protects nothing`) }
  await expect(publicOnly(jwkOf(curve, hex), curve, 'a')).rejects.toMatchObject(refusal)
})

test('keys that were made at random are kept, without private parts', async () => {
  for (let count = 0; count < 20; count++) {
    const signing = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    const sealing = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
    const kept = { kty: 'OKP', alg: 'a', kid: expect.stringMatching(/^[\w-]{43}$/) }
    expect(await publicOnly({ ...signing, kid: 'k', alg: 'b' } as never, 'Ed25519', 'a')).toEqual({ ...kept, crv: 'Ed25519', x: signing.x })
    expect(await publicOnly({ ...sealing, kid: 'k', alg: 'b' } as never, 'X25519', 'a')).toEqual({ ...kept, crv: 'X25519', x: sealing.x })
  }
})
