import fc from 'fast-check'
import { expect, test } from 'vitest'
import { legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import { aRemoteEntry } from '../testing/two-sides.ts'

const methods = [
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'resources/directory/read',
  'completion/complete',
  'logging/setLevel',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'skills/list',
  'skills/get',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'acme/odd',
]

const members = ['name', 'uri', 'arguments', 'cursor', 'taskId', 'level', 'ref', 'argument', 'context', 'inputResponses', 'requestState']
const moreMembers = [
  'requestId',
  'progressToken',
  'progress',
  'protocolVersion',
  'capabilities',
  'clientInfo',
  'task',
  '__proto__',
  'constructor',
]
const inner = [
  'type',
  'name',
  'uri',
  'value',
  'arguments',
  'action',
  'content',
  'roots',
  'extensions',
  'elicitation',
  'progressToken',
  'toString',
]
const metaKeys = ['progressToken', 'io.modelcontextprotocol/logLevel', 'io.modelcontextprotocol/clientInfo', 'traceparent']

const oddText = fc.constantFrom(
  '',
  'echo',
  'mcp+old:',
  'mcp+old:a:b',
  'mcp+nope:a:b',
  'mcp+old:%',
  'ui://old/x',
  'skill://',
  'data:,',
  'sql://x/schema',
  'file:///%00',
  '://',
  '\0',
  '\ud800',
  'ref/prompt',
  'ref/resource',
  'debug_echo',
  'old_add',
  'meta_whoami',
  '__proto__',
  '..',
  'x'.repeat(9_000),
)
const scalar = fc.oneof(oddText, fc.constantFrom(null, true, 0, -1, 1.5, 1e308, 2 ** 53))
const odd: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...inner), tie('value'), { maxKeys: 4 }),
  ),
})).value
const params = fc.dictionary(fc.constantFrom(...members, ...moreMembers), odd, { maxKeys: 5 })
const meta = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(fc.constantFrom(...metaKeys), odd, { maxKeys: 2 }) },
  { weight: 1, arbitrary: odd },
)

test('whatever shape the members of a request have, it is never answered as the gateway’s own mistake', async () => {
  await using legacy = await sdkServer(things)
  await using modern = await modernServer(() => 'as usual')
  const remotes = {
    old: aRemoteEntry(`${legacy.url}/mcp`, 'legacy', ['add', 'ask']),
    new: aRemoteEntry(`${modern.url}/mcp`, '2026-07-28', ['t']),
  }
  const level = [{ level: 'destroy' as const }]
  const grants = Object.fromEntries(['old', 'new', 'debug', 'meta', 'charts', 'sql'].map((id) => [id, { user: level }]))
  await using plane = await testPlane({ grants, settings: { ratePerSecond: 10_000, rateBurst: 10_000 } }, [], remotes)
  const token = await plane.token()
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const sessions = new Map<string, string>()
  const paths = ['/mcp', '/mcp/old', '/mcp/new', '/mcp/debug', '/mcp/meta']
  for (const path of paths) {
    const { headers } = await fetch(plane.url + path, legacyRequest(token, 'initialize', initialize))
    sessions.set(path, headers.get('mcp-session-id') ?? '')
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...methods),
      fc.constantFrom(...paths),
      fc.boolean(),
      params,
      meta,
      async (method, path, isModern, given, oddMeta) => {
        const session = { 'mcp-session-id': sessions.get(path) ?? '' }
        const init = isModern ? modernRequest(token, method, given) : legacyRequest(token, method, { ...given, _meta: oddMeta }, session)
        const message = JSON.parse(init.body) as { id?: number; params: { _meta: object } }
        if (isModern && typeof oddMeta === 'object' && oddMeta !== null) message.params._meta = { ...oddMeta, ...message.params._meta }
        if (method.startsWith('notifications/')) delete message.id
        const name = isModern ? headerName(method, given) : {}
        const response = await fetch(plane.url + path, {
          ...init,
          headers: { ...(init.headers as object), ...name },
          body: JSON.stringify(message),
          signal: AbortSignal.timeout(20_000),
        })
        expect(await response.text()).not.toContain('The gateway made a mistake')
        expect(response.status).not.toBe(500)
      },
    ),
    { seed: 20261130, numRuns: 400, examples: [['prompts/get', '/mcp/meta', false, { name: [{ toString: null }] }, {}]] },
  )
  expect(plane.records().filter(({ header }) => header.outcome === 'failed' && header.reason === 'internal')).toEqual([])
})

const namedBy: Record<string, string> = {
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** A header that agrees with the body, where a header can. */
function headerName(method: string, given: Record<string, unknown>): Record<string, string> {
  const value = given[namedBy[method] ?? 'name']
  return { 'mcp-name': typeof value === 'string' ? `=?base64?${Buffer.from(value).toString('base64')}?=` : 'none' }
}
