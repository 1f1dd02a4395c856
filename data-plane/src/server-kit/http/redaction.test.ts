import { expect, test } from 'vitest'
import { withoutSecrets } from './redaction.ts'

test('members that hold credentials never leave, wherever they stand', () => {
  const clean = withoutSecrets({
    id: 1,
    runners_token: 'x',
    import_url: 'https://user:pass@old.example/a.git',
    feed_token: 'x',
    token: 'x',
    'PRIVATE-TOKEN': 'x',
    Authorization: 'x',
    Cookie: 'x',
    secureJsonData: { password: 'x' },
    secureJsonFields: {},
    basicAuthPassword: 'x',
    params: { dbPassword: 'x', 'my password is': 'x', host: 'db' },
    hooks: [{ url: 'u', secret: 'x', webhook_secret: 'x' }],
    variables: [{ key: 'A', value: 'x' }],
    next_page_token: 'abc',
    tokenizer: 'bert',
    value: 'stays',
  })
  expect(clean).toEqual({
    id: 1,
    params: { host: 'db' },
    hooks: [{ url: 'u' }],
    variables: [{ key: 'A' }],
    next_page_token: 'abc',
    tokenizer: 'bert',
    value: 'stays',
  })
})

test('what is nested deeper than any service nests is left out, and a member __proto__ changes nothing', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as unknown
  expect(JSON.stringify(withoutSecrets(deep)).length).toBeLessThan(600)
  const odd = withoutSecrets(JSON.parse('{"__proto__":{"admin":true},"b":1}')) as { admin?: boolean }
  expect(odd.admin).toBeUndefined()
})
