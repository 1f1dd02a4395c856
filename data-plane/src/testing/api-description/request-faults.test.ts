import { expect, test } from 'vitest'
import type { Description } from './description.ts'
import { requestFaults } from './request-faults.ts'

const body = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Issue' } } } }
const description: Description = {
  paths: {
    '/projects/{id}': { get: {} },
    '/projects/{id}/issues/{iid}': { get: { parameters: [{ name: 'iid', in: 'path', schema: { type: 'integer' } }] } },
    '/projects/{id}/branches': { post: { parameters: [{ name: 'name', in: 'query', required: true, schema: { type: 'string' } }] } },
    '/projects/all': { get: { parameters: [{ name: 'archived', in: 'query', schema: { type: 'boolean' } }] } },
    '/projects/{id}/issues': {
      get: {
        parameters: [
          { name: 'state', in: 'query', required: true, schema: { enum: ['opened', 'closed'] } },
          { name: 'page', in: 'query', schema: { type: 'integer' } },
          { name: 'iids', in: 'query', schema: { type: 'array', items: { type: 'integer' } } },
        ],
      },
      post: { requestBody: body },
    },
  },
  components: {
    schemas: {
      Issue: { required: ['title'], properties: { title: { type: 'string' }, labels: { type: 'array', items: { type: 'string' } } } },
    },
  },
}
const faults = (method: string, path: string, sent = {}, names?: Description) =>
  requestFaults(description, { method, path, body: sent }, names)

test.for<[method: string, path: string, sent: object, faults: string[] | undefined]>([
  ['GET', '/projects/shop%2Fweb', {}, []],
  ['GET', '/projects/all?archived=yes', {}, ['/projects/all: archived is yes, and no boolean']],
  ['GET', '/projects/shop%2Fweb/issues/1', {}, []],
  ['GET', '/projects/1/issues/one', {}, ['/projects/{id}/issues/{iid}: iid is one, and no integer']],
  ['GET', '/nothing', {}, undefined],
  ['DELETE', '/projects/1', {}, undefined],
  ['GET', '/projects/1/issues?state=opened&page=2&iids[]=3', {}, []],
  ['GET', '/projects/1/issues?state=gone', {}, ['/projects/{id}/issues: state is gone, and none of opened, closed']],
  ['GET', '/projects/1/issues?state=opened&pages=2', {}, ['/projects/{id}/issues: pages is unknown']],
  ['GET', '/projects/1/issues?page=x', {}, ['/projects/{id}/issues: page is x, and no integer', '/projects/{id}/issues: state is missing']],
  ['POST', '/projects/1/issues', { title: 'a', labels: ['b'] }, []],
  ['POST', '/projects/1/branches?name=a', {}, []],
  [
    'POST',
    '/projects/1/branches',
    { name: 'a' },
    ['name is of the query', 'name is missing'].map((text) => `/projects/{id}/branches: ${text}`),
  ],
  [
    'POST',
    '/projects/1/issues',
    { labels: 'b', due: 1 },
    ['due is unknown', 'labels is no array', 'title is missing'].map((text) => `/projects/{id}/issues: ${text}`),
  ],
])('%s %s %j', ([method, path, sent, expected]) => {
  expect(faults(method, path, sent)).toEqual(expected)
})

test('another description is asked for names alone', () => {
  const names: Description = {
    paths: { '/projects/{id}/issues': { get: { parameters: [{ name: 'labels', in: 'query', schema: { type: 'integer' } }] } } },
  }
  expect(faults('GET', '/projects/1/issues?state=opened&labels=a', {}, names)).toEqual([])
})
