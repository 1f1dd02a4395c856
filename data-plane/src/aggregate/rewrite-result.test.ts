import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorCodeOnAggregate, errorDataOnAggregate, notificationOnAggregate, resultOnAggregate, toolEntry } from './rewrite-result.ts'
import { nameBook } from './names/names.ts'
import { routeRequest } from './rewrite-request.ts'
import { uriOnAggregate } from './names/uris.ts'
import { aName, aServer, aUri, originOf, routes } from './testing.ts'

const from = originOf('s')
const link = (uri: string) => ({ type: 'resource_link', uri, name: 'n', 'x-more': { uri } })
const embedded = (uri: string) => ({ type: 'resource', resource: { uri, text: uri, _meta: { uri } }, uri })

/** Results that hold one URI to rename, among fields that must not change. */
test.for<[string, string, (uri: string) => Record<string, unknown>]>([
  [
    'tools/call',
    'a tool’s blocks',
    (uri) => ({ content: [{ type: 'text', text: uri }, link(uri)], structuredContent: { uri: 'u' }, 'x-v': 1 }),
  ],
  ['prompts/get', 'a prompt’s messages', (uri) => ({ description: 'd', messages: [{ role: 'user', content: link(uri), x: 1 }] })],
  ['resources/read', 'contents', (uri) => ({ contents: [{ uri, blob: '', 'x-y': uri }, 7] })],
  ['resources/list', 'resources', (uri) => ({ resources: [{ uri, name: 'a', icons: [{ src: 'https://x' }] }], nextCursor: '' })],
  ['tasks/get', 'the result of a task', (uri) => ({ taskId: 'i', status: 'completed', result: { content: [link(uri)], z: [] } })],
])('%s: the URIs of %s are renamed and nothing else changes', ([method, , make]) => {
  const result = make('file:///a')
  const copy = structuredClone(result)
  const rewritten = resultOnAggregate({ ...from, sealTask: (id) => id }, method, result)
  expect(result).toEqual(copy)
  expect(JSON.stringify(rewritten).replaceAll('"uri":"mcp+s:', '"uri":"')).toBe(JSON.stringify(result))
  expect(JSON.stringify(rewritten).match(/mcp\+s:/g)).toHaveLength(1)
})

test('an embedded resource is renamed where the specification puts its URI, not beside it', () => {
  const { content } = resultOnAggregate(from, 'tools/call', { content: [embedded('a:b')] })
  expect(content).toEqual([{ type: 'resource', resource: { uri: 'mcp+s:a:b', text: 'a:b', _meta: { uri: 'a:b' } }, uri: 'a:b' }])
})

test('unknown fields stay, whatever their names and values are, next to every field that is rewritten', () => {
  const more = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('uri', 'name', 'uriTemplate', '__proto__', 'toString', 'x/resourceUri')),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(more, more, more, more, aUri, (a, b, c, d, uri) => {
      const make = (name: string, uri: string) => ({
        tools: [{ ...a, name, _meta: { ...b, ui: { ...c, resourceUri: uri }, 'ui/resourceUri': uri } }],
        call: {
          ...omit(a, 'resultType'),
          content: [
            { ...b, type: 'resource_link', uri },
            { ...c, type: 'resource', resource: { ...d, uri } },
          ],
          _meta: d,
        },
        prompts: [{ ...b, name }],
      })
      const before = make('n', uri)
      const text = JSON.stringify(before)
      const shown = uriOnAggregate('s', uri)
      const expected = make('s_n', shown)
      expect(resultOnAggregate(from, 'tools/list', { tools: before.tools })).toEqual({ tools: expected.tools })
      expect(resultOnAggregate(from, 'tools/call', before.call)).toEqual(expected.call)
      expect(resultOnAggregate(from, 'prompts/list', { prompts: before.prompts, ...omit(c, 'resultType') })).toEqual({
        prompts: expected.prompts,
        ...omit(c, 'resultType'),
      })
      expect(JSON.stringify(before)).toBe(text)
    }),
  )
})

const omit = (of: Record<string, unknown>, key: string) => Object.fromEntries(Object.entries(of).filter(([known]) => known !== key))

test('a result without names and URIs of the server is returned as the same object', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('tools/call', 'prompts/get', 'completion/complete', 'skills/list', 'tasks/cancel'),
      (value, method) => {
        const result = {
          resultType: 'complete',
          content: [{ type: 'text', text: 'x' }, value],
          messages: [{ content: value }],
          extra: value,
        }
        const kinds = JSON.stringify(value)
        fc.pre(!/resource|tool_result/.test(kinds))
        expect(resultOnAggregate(from, method, result)).toBe(result)
      },
    ),
  )
})

test('in input requests URIs are renamed in sampling messages, and in the tool results in them', () => {
  const sampling = (uri: string) => ({
    method: 'sampling/createMessage',
    params: {
      messages: [{ role: 'user', content: [{ type: 'tool_result', toolUseId: '1', content: [link(uri), embedded(uri)] }] }],
      maxTokens: 1,
    },
  })
  const elicit = { method: 'elicitation/create', params: { mode: 'url', url: 'https://x', message: 'm' } }
  const roots = { method: 'roots/list' }
  const result = { resultType: 'input_required', inputRequests: { a: sampling('f:1'), b: elicit, c: roots }, requestState: 'f:1' }
  const after = resultOnAggregate(from, 'tools/call', result) as typeof result
  expect(after.requestState).toBe('f:1')
  expect(after.inputRequests.b).toBe(elicit)
  expect(after.inputRequests.c).toBe(roots)
  const [message] = after.inputRequests.a.params.messages
  expect(message?.content[0]?.content).toMatchObject([{ uri: 'mcp+s:f:1' }, { resource: { uri: 'mcp+s:f:1' } }])
})

test('every name and URI of every server is the same after the way to the client and back', () => {
  fc.assert(
    fc.property(aServer, aName, aUri, (server, name, uri) => {
      const origin = originOf(server)
      const known = { ...routes, bookOf: () => nameBook(server, [name]) }
      const back = (method: string, params: Record<string, unknown>) => routeRequest(method, params, known)

      const prompts = resultOnAggregate(origin, 'prompts/list', { prompts: [{ name }] }) as { prompts: [{ name: string }] }
      const got = { name: prompts.prompts[0].name, arguments: { uri } }
      expect(back('prompts/get', got)).toEqual({ server, params: { name, arguments: { uri } } })
      const ref = { type: 'ref/prompt', name: prompts.prompts[0].name, title: 'x' }
      expect(back('completion/complete', { ref })).toEqual({ server, params: { ref: { type: 'ref/prompt', name, title: 'x' } } })

      const read = resultOnAggregate(origin, 'resources/read', { contents: [{ uri }] }) as { contents: [{ uri: string }] }
      expect(back('resources/read', read.contents[0])).toEqual({ server, params: { uri } })

      const listed = resultOnAggregate(origin, 'resources/templates/list', { resourceTemplates: [{ uriTemplate: uri }] })
      const [{ uriTemplate }] = listed['resourceTemplates'] as [{ uriTemplate: string }]
      expect(back('completion/complete', { ref: { type: 'ref/resource', uri: uriTemplate } })).toEqual({
        server,
        params: { ref: { type: 'ref/resource', uri } },
      })

      const { taskId } = resultOnAggregate(origin, 'tools/call', { resultType: 'task', taskId: uri, status: 'working' })
      expect(routes.openTask(String(taskId))).toEqual({ server, taskId: uri })

      const skill = { uri, frontmatter: { name }, resources: [{ uri, digest: name }] }
      const { skills } = resultOnAggregate(origin, 'skills/list', { skills: [skill] }) as { skills: [typeof skill] }
      expect(resultOnAggregate(origin, 'skills/get', { skill })['skill']).toEqual(skills[0])
      expect(skills[0].resources).toEqual([{ uri: skills[0].uri, digest: name }])
      expect(back('skills/get', { uri: skills[0].uri })).toEqual({ server, params: { uri } })
      expect(back('resources/directory/read', { uri: skills[0].uri, cursor: uri })).toEqual({ server, params: { uri, cursor: uri } })
    }),
  )
})

test('the URIs of a skill and its files are renamed; its frontmatter does not change', () => {
  const frontmatter = { name: 'refunds', description: 'See skill://acme/refunds/a.md', metadata: { uri: 'skill://acme/refunds/SKILL.md' } }
  const skill = {
    uri: 'skill://acme/refunds/SKILL.md',
    frontmatter,
    resources: [{ uri: 'skill://acme/refunds/a.md', digest: 'd', size: 1 }],
  }
  const dynamic = { uri: 'github://a/b/SKILL.md', frontmatter, resources: 'dynamic' }
  expect(resultOnAggregate(from, 'skills/list', { skills: [skill, dynamic], nextCursor: 'n' })).toEqual({
    skills: [
      { uri: 'skill://s/acme/refunds/SKILL.md', frontmatter, resources: [{ uri: 'skill://s/acme/refunds/a.md', digest: 'd', size: 1 }] },
      { uri: 'mcp+s:github://a/b/SKILL.md', frontmatter, resources: 'dynamic' },
    ],
    nextCursor: 'n',
  })
  const folder = { uri: 'skill://acme/refunds/references', name: 'references', mimeType: 'inode/directory' }
  expect(resultOnAggregate(from, 'resources/directory/read', { resources: [folder] })).toEqual({
    resources: [{ ...folder, uri: 'skill://s/acme/refunds/references' }],
  })
})

test.for([
  ['skills/get', -32_601, -32_602],
  ['resources/directory/read', -32_601, -32_602],
  ['completion/complete', -32_601, -32_601],
  ['skills/get', -32_000, -32_000],
] as const)('%s: error %i of a server is %i on /mcp, whose clients cannot know which servers have skills', ([method, code, shown]) => {
  expect(errorCodeOnAggregate(method, code)).toBe(shown)
})

test('the URI of a view is renamed under both of its keys; the rest of `_meta` stays', () => {
  const tool = {
    name: 'x',
    _meta: { ui: { resourceUri: 'ui://a', visibility: ['app'], k: 1 }, 'ui/resourceUri': 'ui://a', 'x/y': 'ui://a' },
  }
  expect(toolEntry(from, tool)).toEqual({
    name: 's_x',
    _meta: { ui: { resourceUri: 'ui://s/a', visibility: ['app'], k: 1 }, 'ui/resourceUri': 'ui://s/a', 'x/y': 'ui://a' },
  })
})

test('a view that the person may not read is removed', () => {
  const denied = { ...from, readable: (uri: string) => uri !== 'ui://a' }
  const meta = { ui: { resourceUri: 'ui://a' }, 'ui/resourceUri': 'ui://a', other: 1 }
  expect(toolEntry(denied, { name: 'x', _meta: meta })).toEqual({ name: 's_x', _meta: { other: 1 } })
  expect(toolEntry(denied, { name: 'x', _meta: { ui: { resourceUri: 'ui://b' } } })).toEqual({
    name: 's_x',
    _meta: { ui: { resourceUri: 'ui://s/b' } },
  })
})

test('notifications that name a resource or task are rewritten, and others stay the same object', () => {
  const updated = { method: 'notifications/resources/updated', params: { uri: 'f:1', title: 't' } }
  expect(notificationOnAggregate(from, updated)).toEqual({ ...updated, params: { uri: 'mcp+s:f:1', title: 't' } })
  const task = { method: 'notifications/tasks', params: { taskId: 'i', status: 'working' } }
  expect(notificationOnAggregate(from, task).params).toEqual({ taskId: '["s","i"]', status: 'working' })
  const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1, uri: 'f:1' } }
  expect(notificationOnAggregate(from, progress)).toBe(progress)
})

test('the URI in the data of an error is renamed, only for methods of resources and skills', () => {
  expect(errorDataOnAggregate(from, 'resources/read', { uri: 'f:1', x: 1 })).toEqual({ uri: 'mcp+s:f:1', x: 1 })
  const data = { uri: 'f:1' }
  expect(errorDataOnAggregate(from, 'tools/call', data)).toBe(data)
  expect(errorDataOnAggregate(from, 'skills/get', { uri: 'skill://a/SKILL.md' })).toEqual({ uri: 'skill://s/a/SKILL.md' })
})
