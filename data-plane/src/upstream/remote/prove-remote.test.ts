import { expect, test } from 'vitest'
import { sdkServer } from '../legacy/testing.ts'
import { things } from '../legacy/testing-things.ts'
import { modernServer } from '../modern/testing.ts'
import { serverOf } from '../testing.ts'
import { proveRemote } from './prove-remote.ts'

const options = { signal: new AbortController().signal, readSecret: () => Promise.resolve('shared-value') }
const headers = { 'x-token': { secret: 'token', of: 'person' }, 'x-app': { secret: 'app' } }
const prove = (url: string, token: string, era = 'auto') => proveRemote({ url, headers, era }, { token }, options)

test('a secret that the server accepts is good, in both eras, and was sent with the shared ones', async () => {
  await using modern = await modernServer(() => 'as usual')
  expect(await prove(`${modern.url}/mcp`, 'good-token')).toEqual({ verdict: 'ok', says: 'The MCP server accepts it.' })
  expect(modern.asked.map(({ headers }) => [headers['x-token'], headers['x-app']])).toContainEqual(['good-token', 'shared-value'])
  await using legacy = await sdkServer(things)
  expect(await prove(`${legacy.url}/mcp`, 'good-token')).toMatchObject({ verdict: 'ok' })
  await expect.poll(() => legacy.seen.at(-1)?.http, { message: 'the end of the session' }).toBe('DELETE')
})

test('a server that introduces itself to anybody, and lists its tools to nobody, accepts nothing', async () => {
  await using server = await modernServer(({ method }, say) => {
    if (method !== 'tools/list') return 'as usual'
    say.response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
  })
  expect(await prove(`${server.url}/mcp`, 'bad-token')).toMatchObject({ verdict: 'invalid' })
})

test.for<[string, number, string | undefined]>([
  ['invalid', 401, undefined],
  ['insufficient_scope', 403, undefined],
  ['rate_limited', 429, undefined],
  ['service_error', 200, '<html>log in</html>'],
  ['service_error', 500, undefined],
])('%s is told by status %s and %s, without a word of the secret', async ([verdict, status, page]) => {
  await using server = await serverOf((request, response) =>
    response.writeHead(status, { 'content-type': 'text/html' }).end(page && `${page} ${String(request.headers['x-token'])}`),
  )
  const said = await prove(`${server.url}/mcp`, 'a-token-to-try')
  expect(said.verdict).toBe(verdict)
  expect(JSON.stringify(said)).not.toContain('a-token-to-try')
})

test('a server that is away cannot say', async () => {
  expect(await prove('http://127.0.0.1:1/mcp', 'a-token')).toMatchObject({ verdict: 'unreachable' })
  expect(await prove('http://127.0.0.1:1/mcp', 'a-token\nwith a line')).toMatchObject({ verdict: 'invalid' })
})

test('in the header Authorization a person’s token has the scheme Bearer before it', async () => {
  await using server = await modernServer(() => 'as usual')
  const authorization = { secret: 'token', of: 'person' }
  await proveRemote({ url: `${server.url}/mcp`, headers: { authorization }, era: '2026-07-28' }, { token: 'bare-token' }, options)
  expect(new Set(server.asked.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer bare-token']))
})
