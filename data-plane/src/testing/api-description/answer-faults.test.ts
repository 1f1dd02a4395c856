import { expect, test } from 'vitest'
import { answerFaults, answerNames, namesOf } from './answer-faults.ts'
import type { Description, Schema } from './description.ts'

const answers = (schema: Schema) => ({ content: { 'application/json': { schema } } })
const issue: Schema = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    made: { type: 'string', format: 'date-time' },
    labels: { type: 'array', items: { type: 'string' } },
    blocks: { $ref: '#/components/schemas/Issue' },
  },
}
const description: Description = {
  paths: {
    '/issues/{iid}': {
      get: { responses: { 200: answers({ $ref: '#/components/schemas/Issue' }), 404: {} } },
      delete: { responses: { 204: {} } },
    },
    '/issues': { get: { responses: { 200: answers({ type: 'array', items: { $ref: '#/components/schemas/Issue' } }) } } },
  },
  components: { schemas: { Issue: issue } },
}
const at = { method: 'GET', path: '/issues/1?all=true', status: 200 }

test.for<[what: object, faults: string[] | undefined]>([
  [{ body: { title: 'a', made: '2026-01-02T03:04:05.678Z', labels: ['b'], other: 1 } }, []],
  [{ body: { title: null, labels: [] } }, []],
  [
    { body: { title: 1, made: 'today', labels: [2, 3] } },
    ['body.title is no string', 'body.made is no date-time', 'body.labels[] is no string'],
  ],
  [{ body: { blocks: { blocks: { title: 1 } } } }, ['body.blocks.blocks.title is no string']],
  [{ body: [] }, ['body is no object']],
  [{ status: 201, body: {} }, ['status 201 is none of 200']],
])('%j', ([answer, faults]) => {
  expect(answerFaults(description, { ...at, ...answer })).toEqual(faults?.map((fault) => `GET /issues/{iid}: ${fault}`))
})

test('an answer without a body, a list, and an operation that is not described', () => {
  expect(answerFaults(description, { method: 'DELETE', path: '/issues/1', status: 204 })).toEqual([])
  expect(answerFaults(description, { ...at, path: '/issues', body: [{}, { title: 1 }] })).toEqual([
    'GET /issues: body[].title is no string',
  ])
  expect(answerFaults(description, { ...at, path: '/nothing' })).toBeUndefined()
})

test('the names of an answer, and those that are described, are found at any depth', () => {
  expect([...answerNames(description)].sort()).toEqual(['blocks', 'labels', 'made', 'title'])
  expect(namesOf([{ a: { b: 1 }, c: [{ d: null }] }])).toEqual(['a', 'b', 'c', 'd'])
})
