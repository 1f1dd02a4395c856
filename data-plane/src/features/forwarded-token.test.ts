import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { generateKeyPair } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { newKeys } from '../control/identity.ts'
import { PEER_SIGNATURE_HEADER } from '../peers/forward.ts'
import { SEALED_AUTHORIZATION_HEADER, sealAuthorization } from '../peers/sealed-authorization.ts'
import { peerSigner, requestDigest } from '../peers/signature.ts'
import { modernRequest, testPlane } from '../testing/plane.ts'

/** A plane, and what another plane of the roster sends it: here it is the plane itself. */
async function aPlaneAmongOthers() {
  const keys = newKeys()
  const { kty, crv, x } = keys.signingKey
  const publicKey = { kty, crv, x, kid: 'here', alg: 'EdDSA' }
  const identity = { id: uuidv7(), controlUrl: 'http://c.test', issuer: 'http://c.test', manifestKey: publicKey, ...keys }
  const homeDir = mkdtempSync(join(tmpdir(), 'bir-forwarded-'))
  onTestFinished(() => rmSync(homeDir, { recursive: true }))
  const tokens = await generateKeyPair('EdDSA', { extractable: true })
  const place = { identity, homeDir, tokens, roster: () => [{ id: identity.id, name: 'here', publicKey }] }
  const plane = await testPlane({}, [], {}, place)
  onTestFinished(() => plane[Symbol.asyncDispose]())
  const authorization = `Bearer ${await plane.token()}`
  const init = modernRequest(undefined, 'tools/list')
  const digest = requestDigest('POST', '/mcp', init.body)
  const signature = await peerSigner(identity)(identity.id, digest, { ip: '192.0.2.7', userAgent: undefined })
  const send = async (headers: Record<string, string>) => {
    const all = { ...(init.headers as Record<string, string>), [PEER_SIGNATURE_HEADER]: signature, ...headers }
    return (await fetch(`${plane.internalUrl}/mcp`, { ...init, headers: all })).status
  }
  return { authorization, digest, sealingKey: keys.sealingKey, send }
}

test('a forwarded request is answered for the person whose sealed token is in it, or whose token an earlier plane sent as it is', async () => {
  const { authorization, digest, sealingKey, send } = await aPlaneAmongOthers()
  expect(await send({ [SEALED_AUTHORIZATION_HEADER]: sealAuthorization(sealingKey, digest, authorization) })).toBe(200)
  expect(await send({ authorization })).toBe(200)
  expect(await send({})).toBe(401)
})

test('a token that is sealed for another request or another plane, or in a broken box, is refused', async () => {
  const { authorization, sealingKey, digest, send } = await aPlaneAmongOthers()
  const other = sealAuthorization(sealingKey, requestDigest('POST', '/mcp', '{}'), authorization)
  const elsewhere = sealAuthorization(newKeys().sealingKey, digest, authorization)
  for (const box of [other, elsewhere, 'bir-box-1.x.y', authorization]) expect(await send({ [SEALED_AUTHORIZATION_HEADER]: box })).toBe(403)
  expect(await send({ [SEALED_AUTHORIZATION_HEADER]: elsewhere, authorization })).toBe(403)
})

test('a client that comes straight to the plane cannot use a box', async () => {
  const { authorization, sealingKey, digest } = await aPlaneAmongOthers()
  const box = sealAuthorization(sealingKey, digest, authorization)
  await using plane = await testPlane()
  const init = modernRequest(undefined, 'tools/list', {}, { [SEALED_AUTHORIZATION_HEADER]: box })
  expect((await fetch(`${plane.url}/mcp`, init)).status).toBe(401)
})
