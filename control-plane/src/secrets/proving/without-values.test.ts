import { expect, test } from 'vitest'
import { withoutValues } from './without-values.ts'

const token = 'fake-8Zk+q/ü7Qm2Vx9'

test('of two values of which one begins with the other, nothing of either stays', () => {
  const { says } = withoutValues({ verdict: 'invalid', says: `"${token}" of "fake" is not known` }, { user: 'fake', token })
  expect(says).toBe('"[secret]" of "[secret]" is not known')
})

test.for([1, 2, 3, 4, 5, 6])('a value behind a user of %i letters is hidden in the base64 of both', (length) => {
  const pair = Buffer.from(`${'u'.repeat(length)}:${token}`)
  for (const encoding of ['base64', 'base64url'] as const) {
    const { says } = withoutValues({ verdict: 'invalid', says: `Basic ${pair.toString(encoding)} is not known` }, { token })
    const left = Buffer.from(says.replace(/^Basic | is not known$|\[secret\]/g, ''), 'base64').toString('latin1')
    for (let at = 0; at + 3 <= token.length; at++) expect(left).not.toContain(token.slice(at, at + 3))
    expect(says).toContain('[secret]')
  }
})

test.for<[string, string]>([
  ['percent escapes in small letters', encodeURIComponent(token).replaceAll(/%../g, (escape) => escape.toLowerCase())],
  ['hex in capitals', Buffer.from(token).toString('hex').toUpperCase()],
])('a value is hidden as %s', ([, spelling]) => {
  const { says, owner } = withoutValues({ verdict: 'ok', says: spelling, owner: { login: `of ${spelling}` } }, { token })
  expect([says, owner?.login]).toEqual(['[secret]', 'of [secret]'])
})

test('half of a character in a value is no reason to fail', () => {
  expect(withoutValues({ verdict: 'ok', says: 'good' }, { token: 'fake-\uD800' })).toEqual({ verdict: 'ok', says: 'good' })
})
