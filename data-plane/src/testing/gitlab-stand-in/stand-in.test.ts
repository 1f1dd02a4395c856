import { expect, test } from 'vitest'
import { seedShop } from './seed-shop.ts'
import { GitLabStandIn } from './stand-in.ts'

async function shop() {
  const standIn = await GitLabStandIn.start()
  const tokens = seedShop(standIn.world)
  const get = async (path: string, token?: string) => {
    const response = await fetch(`${standIn.url}/api/v4${path}`, { headers: token === undefined ? {} : { 'private-token': token } })
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown }
  }
  return { standIn, tokens, get, [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose]() }
}

test('a token is refused in the words of GitLab: unknown, expired, revoked, of a blocked user, without the scope', async () => {
  await using gitlab = await shop()
  const { tokens, get } = gitlab
  expect(await get('/user')).toMatchObject({ status: 401, body: { message: '401 Unauthorized' } })
  expect(await get('/user', 'glpat-nobody-has-this')).toMatchObject({ status: 401, body: { message: '401 Unauthorized' } })
  expect(await get('/user', tokens.expired)).toMatchObject({
    status: 401,
    body: { error: 'invalid_token', error_description: /^Token is expired\./ },
  })
  expect(await get('/user', tokens.revoked)).toMatchObject({
    status: 401,
    body: { error: 'invalid_token', error_description: /^Token was revoked\./ },
  })
  expect(await get('/user', tokens.blocked)).toMatchObject({ status: 403, body: { message: /has been blocked/ } })
  expect(await get('/user', tokens.bob)).toMatchObject({ status: 200, body: { username: 'bob' } })
  const asReader = await fetch(`${gitlab.standIn.url}/api/v4/projects/shop%2Fweb/merge_requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.bobReads}` },
  })
  expect(asReader.status).toBe(403)
  expect(await asReader.json()).toMatchObject({ error: 'insufficient_scope', scope: 'api' })
})

test('a token can revoke itself, whatever its scopes, and is refused from then on; others stay', async () => {
  await using gitlab = await shop()
  const { standIn, tokens, get } = gitlab
  const revoke = async (token: string) =>
    (await fetch(`${standIn.url}/api/v4/personal_access_tokens/self`, { method: 'DELETE', headers: { 'private-token': token } })).status
  expect(await revoke(tokens.bobReads)).toBe(204)
  expect(await revoke(tokens.bobReads)).toBe(401)
  expect(await get('/user', tokens.bobReads)).toMatchObject({ status: 401, body: { error_description: /^Token was revoked\./ } })
  expect(await get('/user', tokens.bob)).toMatchObject({ status: 200 })
  expect(await revoke(tokens.oauth)).toBe(400)
})

test('pages have the headers of GitLab, and above 10,000 rows no total', async () => {
  await using gitlab = await shop()
  const { world } = gitlab.standIn
  const [project] = world.projects
  const [bob] = world.users
  if (!project || !bob) throw new Error('the shop has both')
  for (let count = 1; count < 30; count += 1) world.addMergeRequest(project, bob)
  const first = await gitlab.get('/projects/shop%2Fweb/merge_requests?per_page=20', gitlab.tokens.bob)
  expect(first.headers.get('x-next-page')).toBe('2')
  expect(first.headers.get('x-total')).toBe('30')
  const last = await gitlab.get('/projects/shop%2Fweb/merge_requests?per_page=20&page=2', gitlab.tokens.bob)
  expect(last.headers.get('x-next-page')).toBe('')
  for (let count = 30; count < 10_001; count += 1) world.addMergeRequest(project, bob)
  const many = await gitlab.get('/projects/shop%2Fweb/merge_requests?per_page=20', gitlab.tokens.bob)
  expect(many.headers.get('x-total')).toBeNull()
  expect(many.headers.get('x-next-page')).toBe('2')
})
