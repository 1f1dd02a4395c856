import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { newKeys } from '../control/identity.ts'
import { peerSigner, requestDigest, verifyPeer } from './signature.ts'

const [here, there, stranger] = [uuidv7(), uuidv7(), uuidv7()]
const { signingKey, sealingKey } = newKeys()
const publicKey = { kty: 'OKP', crv: 'Ed25519', x: signingKey.x, kid: 'here', alg: 'EdDSA' }
const manifestKey = { ...publicKey, kid: 'm' }
const identity = { id: here, controlUrl: 'http://control.test', issuer: 'http://control.test', manifestKey, signingKey, sealingKey }
const keyOf = (plane: string) => (plane === here ? publicKey : undefined)

const digest = requestDigest('POST', '/mcp', '{}')
const ip = '192.0.2.7'
const header = { alg: 'EdDSA', typ: 'bir-handed+jwt' }
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs by hand, as planes of the version before do. */
function signByHand(claims: object = {}, head: object = header): string {
  const iat = Math.floor(Date.now() / 1000)
  const content = `${base64url(head)}.${base64url({ iss: here, aud: there, iat, exp: iat + 60, dig: digest, ip, ...claims })}`
  const key = createPrivateKey({ key: signingKey, format: 'jwk' })
  return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`
}

const verifyNow = (jwt: string, afterS = 0) => verifyPeer(jwt, there, keyOf, Date.now() / 1000 + afterS)

test('a forwarded request names its plane, and address and user agent of the client', async () => {
  const jwt = await peerSigner(identity)(there, digest, { ip, userAgent: 'agent/1' })
  expect(await verifyNow(jwt)).toEqual({ iss: here, ip, ua: 'agent/1', dig: digest })
  const ofNoAgent = await peerSigner(identity)(there, digest, { ip, userAgent: undefined })
  expect((await verifyNow(ofNoAgent))?.ua).toBeNull()
})

test('a plane of the version before understands the signature', async () => {
  const [head = '', payload = '', signature = ''] = (await peerSigner(identity)(there, digest, { ip, userAgent: 'agent/1' })).split('.')
  expect(head).toBe(base64url(header))
  const key = createPublicKey({ key: publicKey, format: 'jwk' })
  expect(verify(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  const { iat, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
  expect(claims).toEqual({ iss: here, aud: there, exp: iat + 60, dig: digest, ip, ua: 'agent/1' })
})

test('a signature of a plane of the version before is accepted, within its time', async () => {
  expect(await verifyNow(signByHand())).toEqual({ iss: here, ip, dig: digest })
  expect(await verifyNow(signByHand(), 85)).toEqual({ iss: here, ip, dig: digest })
  expect(await verifyNow(signByHand(), -25)).toEqual({ iss: here, ip, dig: digest })
})

const nowS = Math.floor(Date.now() / 1000)

test.for<[string, string]>([
  ['for another plane', signByHand({ aud: stranger })],
  ['for this plane among others', signByHand({ aud: [there, stranger] })],
  ['by a plane that is not in the roster', signByHand({ iss: stranger })],
  ['without an issuer', signByHand({ iss: undefined })],
  ['that has expired', signByHand({ iat: nowS - 120, exp: nowS - 60 })],
  ['of the future', signByHand({ iat: nowS + 60, exp: nowS + 120 })],
  ['with a longer life', signByHand({ exp: nowS + 3600 })],
  ['without an end', signByHand({ exp: undefined })],
  ['of another type', signByHand({}, { ...header, typ: 'at+jwt' })],
  ['without a type', signByHand({}, { alg: 'EdDSA' })],
  ['with another algorithm', signByHand({}, { ...header, alg: 'none' })],
  ['whose signature is of another text', signByHand().replace(/[^.]*$/, signByHand({ ip: 'x' }).split('.')[2] ?? '')],
  ['that is no JWT', 'a.b.c'],
  ['that is empty', ''],
])('a signature %s is refused', async ([, jwt]) => {
  expect(await verifyNow(jwt)).toBeUndefined()
})

test('a signature is refused when its time is over, or has not come, by more than the skew', async () => {
  const jwt = signByHand()
  expect(await verifyNow(jwt, 95)).toBeUndefined()
  expect(await verifyNow(jwt, -35)).toBeUndefined()
})
