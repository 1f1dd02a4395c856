import { expect, test } from 'vitest'
import { path, queryText } from './path.ts'

test('a value is one encoded segment, and the template shows none', () => {
  const made = path`/projects/${'shop/web'}/issues/${5}`
  expect(made.text).toBe('/projects/shop%2Fweb/issues/5')
  expect(made.template).toBe('/projects/{}/issues/{}')
  expect(path`/a/${'x y?#%&=;ä'}`.text).toBe('/a/x%20y%3F%23%25%26%3D%3B%C3%A4')
  expect(path`/c?from=${'a...b'}`.text).toBe('/c?from=a...b')
})

test.for(['', '.', '..', 'a/../b', '../b', String.raw`a\..\b`, 'a/./b', 'a\u0000b', 'a\nb', '\uD800', 'x'.repeat(2_001)])(
  'a value that could be read as another path is refused: %j',
  (value) => {
    expect(() => path`/projects/${value}`).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  },
)

test('names with dots inside are no steps', () => {
  expect(path`/files/${'src/.env/..hidden/a..b/...'}`.text).toBe('/files/src%2F.env%2F..hidden%2Fa..b%2F...')
})

test('a query leaves out what is undefined, and writes lists as GitLab and Rails read them', () => {
  expect(queryText({ a: 1, b: undefined, c: true, d: ['x', 'y z'], e: '&=#' })).toBe('?a=1&c=true&d%5B%5D=x&d%5B%5D=y+z&e=%26%3D%23')
  expect(queryText({ b: undefined })).toBe('')
})
