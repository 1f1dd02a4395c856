import { testDb } from '@bir/db/testing'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { openKeyRing } from '../../keys/key-ring.ts'
import { masterKeyOf } from '../../keys/master-key.ts'
import { DAY_MS } from '../../keys/rotation.ts'
import { signAccessToken, verifyAccessToken } from './access-token.ts'

const master = masterKeyOf(Buffer.alloc(32, 1))

test('another algorithm counts from the next key on, and tokens of the keys before stay good', async () => {
  await using made = await testDb()
  let nowMs = Date.now()
  await openKeyRing(made.db, master, { now: () => nowMs })
  const ring = await openKeyRing(made.db, master, { now: () => nowMs, tokenAlg: 'ES256' })
  const issuer = 'http://control.test'
  const token = {
    subject: uuidv7(),
    audience: 'mcp',
    clientId: 'c',
    revision: 1,
    issuedAtSeconds: Math.floor(Date.now() / 1000),
    lifeSeconds: 600,
    jti: 'j',
    sid: 's',
  }
  const before = await signAccessToken(ring, issuer, token)
  expect(decodeProtectedHeader(before).alg).toBe('EdDSA')
  for (let month = 0; month < 2; month++) {
    nowMs += 30.1 * DAY_MS
    await ring.refresh()
  }
  const after = await signAccessToken(ring, issuer, token)
  expect(decodeProtectedHeader(after).alg).toBe('ES256')
  for (const bearer of [before, after]) expect((await verifyAccessToken(ring, issuer, 'mcp', bearer)).jti).toBe('j')
})
