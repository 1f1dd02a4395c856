import { expect, test } from 'vitest'
import { ProviderFault } from '../faults/provider-fault.ts'
import { discover } from './discover.ts'

const good = { issuer: 'https://idp.example', jwks_uri: 'https://idp.example/keys', token_endpoint: 'https://idp.example/token' }

async function discovered(document: object, issuer = good.issuer): Promise<string> {
  try {
    await discover({ handle: 'corp', issuer }, async () => Response.json(document))
    return 'taken'
  } catch (error) {
    if (error instanceof ProviderFault) return error.what
    throw error
  }
}

test.for([
  ['a good one', {}, 'taken'],
  ['keys without TLS', { jwks_uri: 'http://idp.example/keys' }, 'name a jwks_uri without TLS'],
  ['a token endpoint without TLS', { token_endpoint: 'http://idp.example/token' }, 'name a token_endpoint without TLS'],
  [
    'an authorization endpoint without TLS',
    { authorization_endpoint: 'HTTP://idp.example/a' },
    'name a authorization_endpoint without TLS',
  ],
  ['a logout without TLS', { end_session_endpoint: 'http://idp.example/out' }, 'name a end_session_endpoint without TLS'],
  ['a script for an address', { authorization_endpoint: 'javascript:alert(1)' }, 'that is no address of the web'],
  ['no keys', { jwks_uri: undefined }, 'name no jwks_uri'],
  ['another issuer', { issuer: 'https://evil.example' }, 'are those of the issuer https://evil.example, and not of https://idp.example'],
  ['many tenants', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }, 'are those of the issuer'],
] as const)('the documents of an issuer with TLS: %s', async ([, changes, said]) => {
  expect(await discovered({ ...good, ...changes })).toContain(said)
})

test('a final slash is part of an issuer', async () => {
  expect(await discovered(good, 'https://idp.example/')).toContain('and not of https://idp.example/')
  expect(await discovered({ ...good, issuer: 'https://idp.example/' }, 'https://idp.example/')).toBe('taken')
})

test('the addresses of Entra ID for many tenants are refused', async () => {
  const issuer = 'https://login.microsoftonline.com/common/v2.0'
  const document = { ...good, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }
  expect(await discovered(document, issuer)).toContain('are those of the issuer https://login.microsoftonline.com/{tenantid}/v2.0')
})
