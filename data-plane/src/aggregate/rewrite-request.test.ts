import { expect, test } from 'vitest'
import { mergeHonoured, splitListen } from './split-listen.ts'
import { routeRequest } from './rewrite-request.ts'
import { originOf, routes } from './testing.ts'

const sealed = (server: string, id: string) => originOf(server).sealTask(id, null)

test.for<[string, Record<string, unknown>, string]>([
  ['prompts/get', { name: 'nothing' }, 'unknown-prompt'],
  ['prompts/get', { name: 7 }, 'unknown-prompt'],
  ['resources/read', { uri: 'file:///etc/passwd' }, 'unknown-resource'],
  ['resources/subscribe', {}, 'unknown-resource'],
  ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///a' } }, 'unknown-resource'],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' } }, 'unknown-prompt'],
  ['completion/complete', { ref: { type: 'ref/tool', name: 's_x' } }, 'unknown-ref'],
  ['completion/complete', {}, 'unknown-ref'],
  ['tools/list', {}, 'every-server'],
  ['subscriptions/listen', {}, 'every-server'],
  ['skills/list', {}, 'every-server'],
  ['skills/get', { uri: 'skill://refunds' }, 'unknown-resource'],
  ['resources/directory/read', { uri: 'file:///a' }, 'unknown-resource'],
  ['com.example/search', { uri: 'mcp+s:x' }, 'unknown-method'],
  ['constructor', {}, 'unknown-method'],
])('%s %j goes to no server: %s', ([method, params, reason]) => {
  expect(routeRequest(method, params, routes)).toEqual({ server: undefined, reason })
})

test('arguments, metadata, request state and unknown fields are not changed', () => {
  const params = { name: 's_x', arguments: { uri: 'mcp+s:a' }, _meta: { uri: 'mcp+s:a' }, requestState: 'mcp+s:a', 'x-y': 1 }
  expect(routeRequest('prompts/get', params, routes)).toEqual({ server: 's', params: { ...params, name: 'x' } })
})

test('in a sampling response the server’s own URIs are renamed; those of other servers and what a person typed stay', () => {
  const link = (uri: string) => ({ type: 'resource_link', uri })
  const inputResponses = {
    sampled: { role: 'assistant', model: 'm', content: [link('mcp+s:a'), link('mcp+other:a')] },
    form: { action: 'accept', role: 'x', content: { type: 'resource_link', uri: 'mcp+s:a' } },
    roots: { roots: [{ uri: 'mcp+s:a' }] },
  }
  const sampled = { ...inputResponses.sampled, content: [link('a'), link('mcp+other:a')] }
  expect(routeRequest('prompts/get', { name: 's_x', inputResponses }, routes)).toEqual({
    server: 's',
    params: { name: 'x', inputResponses: { ...inputResponses, sampled } },
  })
})

const filter = {
  toolsListChanged: true,
  promptsListChanged: false,
  resourceSubscriptions: ['mcp+b:f:1', 'mcp+a:f:1', 'mcp+b:f:1', 'mcp+denied:f:1', 'file:///x'],
  taskIds: [sealed('b', 'i')],
}

test('a listen filter is split among the servers of the person, with their own URIs and task ids', () => {
  expect([...splitListen(filter, ['a', 'b', 'c'], routes)]).toEqual([
    ['a', { toolsListChanged: true, resourceSubscriptions: ['f:1'] }],
    ['b', { toolsListChanged: true, resourceSubscriptions: ['f:1'], taskIds: ['i'] }],
    ['c', { toolsListChanged: true }],
  ])
})

test('a server without a part of the filter is not asked', () => {
  expect([...splitListen({ resourceSubscriptions: ['mcp+a:x'] }, ['a', 'b'], routes).keys()]).toEqual(['a'])
})

test('the honoured filter has the client’s own URIs, task ids and order', () => {
  const honoured = new Map([
    ['a', { resourceSubscriptions: ['f:1'] }],
    ['b', { toolsListChanged: true, promptsListChanged: true, taskIds: ['i'] }],
  ])
  expect(mergeHonoured(filter, honoured, routes)).toEqual({
    toolsListChanged: true,
    resourceSubscriptions: ['mcp+a:f:1'],
    taskIds: [sealed('b', 'i')],
  })
})
