import { expect, test } from 'vitest'
import { returnPath } from './return-to.ts'

test.for(['/', '/servers', '/servers/sql?level=read#tools', '/connect?next=https%3A%2F%2Fevil.example', '/axtarış?q=ə'])(
  'a person comes back to %s',
  (path) => {
    expect(decodeURI(returnPath(path))).toBe(decodeURI(path))
  },
)

test.for([
  undefined,
  '',
  'servers',
  'https://evil.example/',
  '//evil.example/',
  '///evil.example/',
  '/\\evil.example/',
  '\\\\evil.example',
  '/servers\\..\\x',
  '/\t/evil.example/',
  '/\n/evil.example',
  '/.//evil.example/',
  '/x/..//evil.example/',
  '/%2e//evil.example/',
  'javascript:alert(1)',
  '/auth/callback?code=x',
  '/auth',
  '/./auth/sign-in',
  `/${'x'.repeat(1_000)}`,
])('%j leads to the first page', (wish) => {
  expect(returnPath(wish)).toBe('/')
})
