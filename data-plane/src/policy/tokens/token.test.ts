import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { sha256Hex } from '../../runtime/sha256.ts'
import { aPolicy, ALICE } from '../../testing/policy.ts'
import { readPersonalToken } from './personal-token.ts'
import { revocationOf } from './token.ts'

test('a personal token that was revoked is said to be so, also after it left the policy and its time ended', () => {
  const bearer = `bir_pat_${'a'.repeat(43)}`
  const hash = sha256Hex(bearer)
  const entry = { id: uuidv7(), subject: ALICE, expiresAtS: 1 }
  const token = readPersonalToken(bearer, aPolicy({ personalTokens: { [hash]: entry } }))
  const endedPersonalTokens = { [hash]: entry }
  expect(revocationOf(aPolicy({ endedPersonalTokens }), token)).toBe('token-expired')
  expect(revocationOf(aPolicy({ endedPersonalTokens, revoked: { tokens: [entry.id] } }), token)).toBe('token-revoked')
})
