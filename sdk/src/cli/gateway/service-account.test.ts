import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { standIn } from '../../testing.ts'
import { aFolder, bir } from '../testing.ts'

const secret = 'a secret+with/odd:parts'

test('with BIR_CLIENT_ID the command acts as a service account, with one token for all of its calls', async () => {
  await using folder = await aFolder()
  await writeFile(join(folder.path, 'secret'), `${secret}\n`)
  const forms: URLSearchParams[] = []
  const bearers: string[] = []
  await using server = await standIn(
    {
      policy: {
        version: (_, bearer) => (bearers.push(bearer), { policy: 'a'.repeat(64), revision: 1 }),
        export: (_, bearer) => (bearers.push(bearer), {}),
      },
    },
    {
      '/.well-known/oauth-authorization-server': () => ({
        status: 200,
        body: { issuer: server.url, token_endpoint: `${server.url}/oauth/token` },
      }),
      '/oauth/token': (form) => (forms.push(form), { status: 200, body: { access_token: 'of-ci', token_type: 'Bearer', expires_in: 600 } }),
    },
  )
  const env = { BIR_URL: server.url, BIR_CLIENT_ID: 'svc_ci', BIR_CLIENT_SECRET_FILE: join(folder.path, 'secret') }
  const { exit, out, err } = await bir(['export'], { env })
  expect([exit, err]).toEqual([0, ''])
  expect(out).not.toContain('secret')
  expect(forms.map((form) => Object.fromEntries(form))).toEqual([{ grant_type: 'client_credentials', resource: `${server.url}/api` }])
  expect(new Set(bearers)).toEqual(new Set(['of-ci']))
})

test('a service account that is refused is told why, and its secret is in no output', async () => {
  await using server = await standIn(
    {},
    {
      '/.well-known/oauth-authorization-server': () => ({
        status: 200,
        body: { issuer: server.url, token_endpoint: `${server.url}/oauth/token` },
      }),
      '/oauth/token': () => ({ status: 401, body: { error: 'invalid_client', error_description: 'The client is not known here.' } }),
    },
  )
  const env = { BIR_URL: server.url, BIR_CLIENT_ID: 'svc_ci', BIR_CLIENT_SECRET: secret }
  const { exit, out, err } = await bir(['whoami'], { env })
  expect([exit, out]).toEqual([1, ''])
  expect(err).toBe('bir: No token for the service account svc_ci: The client is not known here.\n')
})

test.for([
  [{ BIR_CLIENT_ID: 'x', BIR_URL: 'http://127.0.0.1:9' }, /BIR_CLIENT_SECRET: BIR_CLIENT_ID needs a secret/],
  [{ BIR_CLIENT_SECRET: 'x', BIR_URL: 'http://127.0.0.1:9' }, /BIR_CLIENT_ID: BIR_CLIENT_SECRET needs a client id/],
  [{ BIR_CLIENT_ID: 'x', BIR_CLIENT_SECRET: 'y' }, /BIR_URL: BIR_CLIENT_ID is for the gateway of BIR_URL/],
  [{ BIR_CLIENT_ID: 'x', BIR_CLIENT_SECRET: 'y', BIR_TOKEN: 't', BIR_URL: 'http://127.0.0.1:9' }, /two callers/],
  [{ BIR_CLIENT_ID: 'x', BIR_CLIENT_SECRET_FILE: '/nowhere', BIR_URL: 'http://127.0.0.1:9' }, /BIR_CLIENT_SECRET_FILE names \/nowhere/],
] as const)('half a service account, or two callers, are refused: %o', async ([env, says]) => {
  const { exit, err } = await bir(['whoami'], { env })
  expect([exit, err]).toEqual([2, expect.stringMatching(says)])
})
