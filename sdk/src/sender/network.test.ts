import fc from 'fast-check'
import { expect, test } from 'vitest'
import { networkOf, plainAddress, readNetworks } from './network.ts'

test.for([
  ['192.0.2.77', 24, '192.0.2.0/24'],
  ['192.0.2.77', 32, '192.0.2.77/32'],
  ['192.0.2.77', 0, '0.0.0.0/0'],
  ['192.0.2.77', 20, '192.0.0.0/20'],
  ['::ffff:192.0.2.77', 24, '192.0.2.0/24'],
  ['::FFFF:c000:24d', 24, '192.0.2.0/24'],
  ['2001:db8:1:2ff:1::9', 56, '2001:db8:1:200::/56'],
  ['2001:DB8:1:2ff:1::9', 64, '2001:db8:1:2ff::/64'],
  ['fe80::1%eth0', 64, 'fe80::/64'],
  ['', 24, undefined],
  ['unknown', 24, undefined],
  ['192.0.2', 24, undefined],
] as const)('the network of %s with %i bits is %s', ([address, bits, network]) => {
  expect(networkOf(address, { ipv4: bits, ipv6: bits })).toBe(network)
})

test('two addresses are of one network exactly when their leading bits are the same', () => {
  const ipv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const dotted = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
  fc.assert(
    fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
      const prefixes = { ipv4: bits, ipv6: 0 }
      const isSame = Math.floor(a / 2 ** (32 - bits)) === Math.floor(b / 2 ** (32 - bits))
      expect(networkOf(dotted(a), prefixes) === networkOf(dotted(b), prefixes)).toBe(isSame)
      expect(networkOf(`::ffff:${dotted(a)}`, prefixes)).toBe(networkOf(dotted(a), prefixes))
    }),
  )
})

test('every spelling of an address becomes the same', () => {
  expect(['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:C000:201'].map(plainAddress)).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1'])
  expect(['2001:DB8::1', '2001:db8:0:0:0:0:0:1', '2001:db8::1%4'].map(plainAddress)).toEqual(Array(3).fill('2001:db8::1'))
  expect(plainAddress('localhost')).toBeUndefined()
})

test('an address is inside networks, single addresses and the words that stand for networks', () => {
  const { isInside = () => false } = { ...readNetworks(['loopback', '10.1.0.0/16', '192.0.2.7', '2001:db8::/32']) }
  const asked = ['127.0.0.9', '::1', '10.1.9.9', '::ffff:10.1.9.9', '192.0.2.7', '2001:db8:5::1', '10.2.0.1', '192.0.2.8', 'loopback', '']
  expect(asked.filter(isInside)).toEqual(asked.slice(0, 6))
  const { isInside: isPrivate = () => false } = { ...readNetworks(['private']) }
  expect(['10.9.9.9', '172.31.0.1', '192.168.1.1', 'fd00::1', '172.32.0.1', '127.0.0.1', '8.8.8.8'].map(isPrivate)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

test.for(['10.0.0.0/33', '2001:db8::/129', '10.0.0.0/', '10.0.0.0/8/8', 'proxy.example.com', 'fe80::1%eth0', '10.0.0.0/-1', ''])(
  '%s is no network, and is named as the fault',
  (item) => {
    expect(readNetworks(['10.0.0.0/8', item])).toEqual({ fault: item })
  },
)
