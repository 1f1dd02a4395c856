import { createHmac, createPublicKey, KeyObject, sign as signBytes } from 'node:crypto'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWTHeaderParameters } from 'jose'
import { expect, test } from 'vitest'
import { aPolicy, ALICE, ISSUER } from '../../testing/policy.ts'
import { tokenVerifier } from './verify-token.ts'

const algs = ['EdDSA', 'ES256'] as const
type Alg = (typeof algs)[number]

const pairOf = async (alg: Alg) => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `k-${alg}`, alg } as PublicJwk }
}
const pairs = { EdDSA: await pairOf('EdDSA'), ES256: await pairOf('ES256') }
const tokenKeys = [pairs.EdDSA.jwk, pairs.ES256.jwk]

const claims = () => ({ aud: 'http://127.0.0.1:9/mcp', client_id: 'test', scope: 'mcp', jti: uuidv7(), sid: uuidv7(), rev: 1 })

const sign = (alg: Alg, payload: object = {}, header: Partial<JWTHeaderParameters> = {}, key = pairs[alg].privateKey) =>
  new SignJWT({ ...claims(), sub: ALICE, iss: ISSUER, ...payload })
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: `k-${alg}`, ...header })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key)

const b64 = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const verifier = (keys = tokenKeys) => {
  let policy = aPolicy({ tokenKeys: keys })
  const verify = tokenVerifier({ current: () => policy })
  return Object.assign(verify, { use: (next: PublicJwk[]) => (policy = aPolicy({ tokenKeys: next })) })
}
const refusal = (verify: (bearer: string) => unknown, bearer: string) => {
  try {
    verify(bearer)
    return undefined
  } catch (error) {
    return (error as { reason?: string }).reason
  }
}

test.for(algs)('a token signed with %s is read, once', async (alg) => {
  const verify = verifier()
  const bearer = await sign(alg, { act: { sub: 'operator:root' } })
  const token = verify(bearer)
  expect(token).toMatchObject({ clientId: 'test', actor: 'operator:root', revision: 1, audience: ['http://127.0.0.1:9/mcp'] })
  expect(verify(bearer)).toBe(token)
})

const spki = createPublicKey({ key: pairs.EdDSA.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string

/** A token whose header says what an attacker likes, over the claims of a good one. */
const forged = (header: object, signature: (signed: string) => string) => {
  const now = Math.floor(Date.now() / 1000)
  const signed = `${b64({ typ: 'at+jwt', kid: 'k-EdDSA', ...header })}.${b64({ ...claims(), sub: ALICE, iss: ISSUER, iat: now, exp: now + 600 })}`
  return `${signed}.${signature(signed)}`
}
const hmac = (key: string) => (signed: string) => createHmac('sha256', key).update(signed).digest('base64url')
const zeros = () => Buffer.alloc(64).toString('base64url')
const foreign = await pairOf('EdDSA')
const rsa = await generateKeyPair('RS256')

test.for<[string, () => string | Promise<string>]>([
  ['without an algorithm', () => forged({ alg: 'none' }, zeros)],
  ['without an algorithm and a signature', () => forged({ alg: 'none' }, () => '')],
  ['signed with the public key as a secret', () => forged({ alg: 'HS256' }, hmac(spki))],
  ['signed with the public coordinates as a secret', () => forged({ alg: 'HS256' }, hmac(String(pairs.EdDSA.jwk['x'])))],
  ['of an RSA key', () => sign('EdDSA', {}, { alg: 'RS256' }, rsa.privateKey)],
  ['whose algorithm is that of another key', () => sign('ES256', {}, { kid: 'k-EdDSA' })],
  ['that names the other key than it was signed with', () => sign('EdDSA', {}, { kid: 'k-ES256' })],
  ['of a foreign key under our kid', () => sign('EdDSA', {}, {}, foreign.privateKey)],
  ['that brings its own key', () => sign('EdDSA', {}, { jwk: foreign.jwk, kid: 'x' }, foreign.privateKey)],
  ['that says where its key lies', () => sign('EdDSA', {}, { jku: 'https://evil.example/jwks', kid: 'x' }, foreign.privateKey)],
  ['without a kid', () => sign('EdDSA', {}, { kid: undefined as unknown as string })],
  ['whose kid is a path', () => sign('EdDSA', {}, { kid: '../../../dev/null' })],
  ['whose kid is that of every object', () => sign('EdDSA', {}, { kid: '__proto__' })],
  ['whose kid is no text', () => forged({ alg: 'EdDSA', kid: ['k-EdDSA'] }, zeros)],
  ['of another type', () => sign('EdDSA', {}, { typ: 'JWT' })],
  ['without a type', () => sign('EdDSA', {}, { typ: undefined as unknown as string })],
  ['that demands what nobody knows', () => forged({ alg: 'EdDSA', crit: ['exp'], exp: 1 }, zeros)],
  ['of another issuer', () => sign('EdDSA', { iss: 'http://other.test' })],
  ['that is not good yet', () => sign('EdDSA', { nbf: Math.floor(Date.now() / 1000) + 120 })],
  ['that is bound without a session', () => sign('EdDSA', { sid: undefined, bnd: { ip: 'x', ua: null } })],
  ['whose binding is no binding', () => sign('EdDSA', { bnd: 'x' })],
  ['of five parts', async () => `${await sign('EdDSA')}.a.b`],
  ['longer than any of ours', () => sign('EdDSA', { note: 'x'.repeat(20_000) })],
  ['that is no JSON', () => `${b64('{')}.${b64('{}')}.${zeros()}`],
  ['that is no object', () => `${b64('[]')}.${b64('{}')}.${zeros()}`],
])('a token %s is refused', async ([, make]) => {
  expect(refusal(verifier(), await make())).toBe('token-invalid')
})

test.for<[string, string]>([
  ['a member twice', `{"typ":"at+jwt","kid":"k-EdDSA","alg":"EdDSA","alg":"EdDSA"}`],
  ['spaces', `{ "alg":"EdDSA","typ":"at+jwt","kid":"k-EdDSA"}`],
])('a header with %s is refused, however good its signature', async ([, header]) => {
  const key = KeyObject.from(pairs.EdDSA.privateKey)
  const make = (head: string, payload: string) => {
    const signed = `${b64(head)}.${b64(payload)}`
    return `${signed}.${signBytes(null, Buffer.from(signed), key).toString('base64url')}`
  }
  const now = Math.floor(Date.now() / 1000)
  const payload = JSON.stringify({ ...claims(), sub: ALICE, iss: ISSUER, iat: now, exp: now + 600 })
  const plain = `{"alg":"EdDSA","typ":"at+jwt","kid":"k-EdDSA"}`
  expect(refusal(verifier(), make(plain, payload))).toBeUndefined()
  expect(refusal(verifier(), make(header, payload))).toBe('token-invalid')
  expect(refusal(verifier(), make(plain, payload.replace('{', `{"sub":"${ALICE}",`)))).toBe('token-invalid')
})

test('a signature has one spelling: a token cannot be written in another way that is good too', async () => {
  const bearer = await sign('EdDSA')
  const last = bearer.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const others = alphabet
    .split('')
    .filter((char) => char !== last)
    .map((char) => bearer.slice(0, -1) + char)
  expect(new Set(others.map((other) => refusal(verifier(), other)))).toEqual(new Set(['token-invalid']))
})

test('a key that left the policy verifies nothing more, not even what it verified before; a key that stays forgets nothing', async () => {
  const verify = verifier()
  const [bearer, other] = [await sign('EdDSA'), await sign('ES256')]
  const token = verify(bearer)
  verify.use([...tokenKeys])
  expect(verify(bearer)).toBe(token)
  verify.use([pairs.ES256.jwk])
  expect(refusal(verify, bearer)).toBe('token-invalid')
  expect(refusal(verify, other)).toBeUndefined()
})

test('a key of a kind that this plane does not know harms no other', async () => {
  const verify = verifier([
    { kty: 'AKP', kid: 'pq', alg: 'ML-DSA-44' },
    { kty: 'OKP', crv: 'Ed25519', kid: 'broken', alg: 'EdDSA' },
    ...tokenKeys,
  ])
  expect(refusal(verify, await sign('EdDSA'))).toBeUndefined()
  expect(refusal(verify, await sign('EdDSA', {}, { kid: 'broken' }))).toBe('token-invalid')
})

test('a flood of distinct invalid tokens pushes no good one out', async () => {
  const verify = verifier()
  const bearer = await sign('EdDSA')
  const token = verify(bearer)
  const head = b64({ alg: 'EdDSA', typ: 'at+jwt', kid: 'x' })
  for (let at = 0; at < 30_000; at++) refusal(verify, `${head}.${b64({ at })}.${zeros()}`)
  expect(verify(bearer)).toBe(token)
})
