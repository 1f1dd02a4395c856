import { expect, test } from 'vitest'
import { answerFault, connectionFault, isTokenRefused, logInFault } from './fault.ts'
import type { VaultAnswer } from './fault.ts'
import { deletePath, readMount, readPath, readSecret, readWritten, writeBody } from './kv.ts'
import { encodePath, logInRequest, renewAfterMs } from './log-in.ts'

const answer = (status: number, body?: unknown, contentType = 'application/json'): VaultAnswer => ({
  status,
  body,
  contentType: body === undefined ? undefined : contentType,
})
const errors = (...texts: string[]) => ({ errors: texts })

// Statuses and texts as https://openbao.org/api-docs#http-status-codes and Vault 1.x give them.
test.for([
  [answer(400, errors('check-and-set parameter did not match the current version')), 'conflict', false],
  [answer(400, errors('Upgrading from non-versioned to versioned data. This backend will be unavailable')), 'service_error', true],
  [answer(400, errors('missing client token')), 'service_error', false],
  [answer(403, errors('1 error occurred:\n\t* permission denied\n\n')), 'permission_denied', false],
  [answer(403, errors('preflight capability check returned 403, please ensure')), 'wrong_mount', false],
  [answer(404, errors('no handler for route "secret/bir/x". route entry not found.')), 'wrong_mount', false],
  [answer(404, { warnings: ['Invalid path for a versioned K/V secrets engine. See the API docs'] }), 'kv_version', true],
  [answer(405, errors('1 error occurred:\n\t* unsupported operation\n\n')), 'wrong_mount', false],
  [answer(412, errors('required index state not present')), 'service_error', true],
  [answer(429, errors('request path "secret": rate limit quota exceeded')), 'rate_limited', true],
  [answer(472, errors()), 'sealed', true],
  [answer(473, errors()), 'sealed', true],
  [answer(307), 'sealed', true],
  [answer(302), 'service_error', false],
  [answer(500, errors('internal error')), 'service_error', true],
  [answer(501, errors()), 'sealed', true],
  [answer(502, undefined), 'unreachable', true],
  [answer(503, errors('Vault is sealed')), 'sealed', true],
  [answer(503, '<html>', 'text/html'), 'sealed', true],
  [answer(200, '<html>', 'text/html'), 'service_error', false],
  [answer(404, 'not found', 'text/plain'), 'service_error', false],
] as const)('%o is the fault %s', ([given, kind, retryable]) => {
  expect(answerFault(given)).toMatchObject({ kind, retryable })
})

test('success, and a path at which nothing lies, are no fault', () => {
  for (const given of [answer(200, {}), answer(204), answer(404, errors())]) expect(answerFault(given)).toBeUndefined()
})

test('a refused log-in is told from a server that does not answer one', () => {
  expect(logInFault(answer(400, errors('invalid role or secret ID')))).toMatchObject({ kind: 'signed_out' })
  expect(logInFault(answer(403, errors('permission denied')))).toMatchObject({ kind: 'signed_out' })
  expect(logInFault(answer(404, errors('no handler for route')))).toMatchObject({ kind: 'signed_out' })
  expect(logInFault(answer(503, errors('Vault is sealed')))).toMatchObject({ kind: 'sealed' })
  expect(logInFault(answer(404, '<html>', 'text/html'))).toMatchObject({ kind: 'service_error' })
  expect(logInFault(answer(200, {}))).toBeUndefined()
})

test('a bad token is told from a policy that allows too little', () => {
  expect(isTokenRefused(answer(403, errors('permission denied')))).toBe(true)
  expect(isTokenRefused(answer(403, errors('preflight capability check returned 403, please ensure')))).toBe(false)
  expect(isTokenRefused(answer(200, {}))).toBe(false)
})

test('a certificate that is not trusted is told from a server that is away', () => {
  for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'ERR_SSL_WRONG_VERSION_NUMBER'])
    expect(connectionFault(code)).toMatchObject({ kind: 'tls', retryable: false })
  for (const code of ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', undefined])
    expect(connectionFault(code)).toMatchObject({ kind: 'unreachable', retryable: true })
})

const mounted = (type: string, path: string, options: unknown) => answer(200, { data: { type, path, options } })

test('the mount says which API it speaks, and what it is if it is no KV engine', () => {
  expect(readMount(mounted('kv', 'secret/', { version: '2' }), 'secret')).toEqual({ mount: 'secret', version: 2 })
  expect(readMount(mounted('kv', 'team/kv/', { version: '1' }), 'team/kv')).toEqual({ mount: 'team/kv', version: 1 })
  expect(readMount(mounted('kv', 'secret/', null), 'secret')).toEqual({ mount: 'secret', version: 1 })
  expect(readMount(mounted('generic', 'secret/', null), 'secret')).toEqual({ mount: 'secret', version: 1 })
  expect(readMount(mounted('cubbyhole', 'cubbyhole/', null), 'cubbyhole')).toMatchObject({
    kind: 'wrong_mount',
    says: expect.stringContaining('cubbyhole') as string,
  })
  expect(readMount(mounted('kv', 'secret/', { version: '2' }), 'secret/bir')).toMatchObject({ kind: 'wrong_mount' })
  expect(readMount(answer(200, { data: {} }), 'secret')).toMatchObject({ kind: 'wrong_mount' })
})

const v1 = { mount: 'team/kv', version: 1 } as const
const v2 = { mount: 'team/kv', version: 2 } as const

test('paths of both versions', () => {
  expect(readPath(v2, 'people/1/gitlab')).toBe('team/kv/data/bir/people/1/gitlab')
  expect(deletePath(v2, 'people/1/gitlab')).toBe('team/kv/metadata/bir/people/1/gitlab')
  expect(readPath(v1, 'people/1/gitlab')).toBe('team/kv/bir/people/1/gitlab')
  expect(deletePath(v1, 'people/1/gitlab')).toBe('team/kv/bir/people/1/gitlab')
  expect(encodePath('a b/c#d')).toBe('a%20b/c%23d')
})

test('what is written in a version is read back in it, and the mark of version 1 is no field', () => {
  const how = { expected: 3, mark: 'm1' }
  expect(writeBody(v2, { token: 'fake' }, how)).toEqual({ options: { cas: 3 }, data: { token: 'fake' } })
  const body = writeBody(v1, { token: 'fake' }, how)
  expect(readSecret(v1, answer(200, { data: body }))).toEqual({ fields: { token: 'fake' }, storeVersion: 'm1' })
  expect(readSecret(v1, answer(200, { data: { token: 'fake' } }))).toEqual({ fields: { token: 'fake' }, storeVersion: '0' })
  const data = { data: { token: 'fake' }, metadata: { version: 4 } }
  expect(readSecret(v2, answer(200, { data }))).toEqual({ fields: { token: 'fake' }, storeVersion: '4' })
})

test('a value that was deleted softly is none, and its number is known', () => {
  const metadata = { version: 2, deletion_time: '2026-01-01T00:00:00Z', destroyed: false }
  expect(readSecret(v2, answer(404, { data: { data: null, metadata } }))).toEqual({ none: true, softVersion: 2 })
  expect(readSecret(v2, answer(404, errors()))).toEqual({ none: true, softVersion: 0 })
})

test('fields that are no texts are no secret of ours', () => {
  for (const data of [{ data: { token: 1 }, metadata: { version: 1 } }, { data: null, metadata: { version: 1 } }, undefined])
    expect(readSecret(v2, answer(200, { data }))).toMatchObject({ kind: 'malformed' })
  expect(readSecret(v1, answer(200, { data: { data: {} } }))).toMatchObject({ kind: 'malformed' })
})

test('an engine of the other version does not pass for the one that was found', () => {
  expect(readWritten(v2, answer(204), 'm')).toMatchObject({ kind: 'kv_version' })
  expect(readWritten(v1, answer(404, errors()), 'm')).toMatchObject({ kind: 'kv_version' })
  expect(readWritten(v1, answer(204), 'm')).toEqual({ storeVersion: 'm' })
  expect(readWritten(v2, answer(200, { data: { version: 1 } }), 'm')).toEqual({ storeVersion: '1' })
})

test('log-ins as the methods document them', () => {
  const secretId = { text: 's' }
  expect(logInRequest({ method: 'approle', mount: 'approle', roleId: 'r', secretId }, 's')).toEqual({
    path: 'auth/approle/login',
    body: { role_id: 'r', secret_id: 's' },
  })
  expect(logInRequest({ method: 'kubernetes', mount: 'k8s', role: 'bir', jwt: secretId }, 'j')).toEqual({
    path: 'auth/k8s/login',
    body: { role: 'bir', jwt: 'j' },
  })
  expect(logInRequest({ method: 'jwt', mount: 'jwt', role: undefined, jwt: secretId }, 'j')).toEqual({
    path: 'auth/jwt/login',
    body: { jwt: 'j' },
  })
})

test('a token is renewed well before its end, and not by all at once', () => {
  expect(renewAfterMs(100, () => 0)).toBe(60_000)
  expect(renewAfterMs(100, () => 1)).toBe(75_000)
})
