import { expect, test } from 'vitest'
import { PREFIX_BITS } from '../contract/settings.ts'
import { bindingOf, isGenericProduct, isOfOtherPrefix, networkHash, productHash, productOf } from './binding.ts'

const prefixes = { ipv4: 24, ipv6: 56 }
const [sid, otherSid] = ['01980000-0000-7000-8000-000000000001', '01980000-0000-7000-8000-000000000002']

test.for([
  ['claude-code/2.1.0 (cli)', 'claude-code'],
  ['Cursor/1.7.44 (darwin arm64)', 'cursor'],
  ['My_Agent', 'my_agent'],
  ['Visual Studio Code/1.99', 'visual'],
  ['(no product)', ''],
  [undefined, ''],
] as const)('the product of %s is %s: its version does not count', ([userAgent, product]) => {
  expect(productOf(userAgent)).toBe(product)
})

test('a product is the same in another version and another case, and another product is another', () => {
  expect(productHash(sid, 'Agent/1.0')).toBe(productHash(sid, 'agent/2.7 (x)'))
  expect(productHash(sid, 'agent/1.0')).not.toBe(productHash(sid, 'agent2/1.0'))
})

test('the hashes of one network and one product differ between sessions, so that tokens cannot be put together by them', () => {
  expect(networkHash(sid, '192.0.2.1', prefixes)).toBe(networkHash(sid, '192.0.2.99', prefixes))
  expect(networkHash(sid, '192.0.2.1', prefixes)).not.toBe(networkHash(otherSid, '192.0.2.1', prefixes))
  expect(productHash(sid, 'agent/1')).not.toBe(productHash(otherSid, 'agent/1'))
})

test('a token is bound to the product that asked for it, and not to a library that many programs send with', () => {
  const sender = { address: '192.0.2.1', userAgent: 'agent/1' }
  expect(bindingOf(sid, sender, prefixes)).toEqual({ ip: networkHash(sid, '192.0.2.1', prefixes), ua: productHash(sid, 'agent/1') })
  for (const userAgent of ['node', 'Bun/1.2', 'python-httpx/0.28', 'Mozilla/5.0 (X11)', undefined]) {
    expect(isGenericProduct(userAgent)).toBe(true)
    expect(bindingOf(sid, { ...sender, userAgent }, prefixes).ua).toBeNull()
  }
})

test('a token that was issued where nobody could tell the address fits no network, not even an unknown one', () => {
  const { ip } = bindingOf(sid, { address: 'unknown', userAgent: 'agent/1' }, prefixes)
  expect(ip).not.toBe(networkHash(sid, 'unknown', prefixes))
  expect(ip).toMatch(/^[\w-]{22}$/)
})

test.for([
  ['ipv4', '192.0.2.1', 25],
  ['ipv6', '2001:db8::1', 113],
] as const)(
  'a token of another prefix length of %s is told by trying the lengths that the setting allows, and no other',
  ([family, address, count]) => {
    const lengths = Array.from({ length: 129 }, (_, bits) => bits).filter((bits) => {
      const bound = networkHash(sid, address, { ipv4: bits, ipv6: bits }) ?? ''
      return isOfOtherPrefix(sid, address, { ip: bound })
    })
    const { min, max } = PREFIX_BITS[family]
    expect([lengths.length, lengths[0], lengths.at(-1)]).toEqual([count, min, max])
    expect(isOfOtherPrefix(sid, 'unknown', { ip: '' })).toBe(false)
  },
)
