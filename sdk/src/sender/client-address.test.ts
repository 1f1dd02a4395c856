import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'
import type { ForwardedHeader } from './client-address.ts'
import { readNetworks } from './network.ts'

const { isInside: trusted = () => false } = { ...readNetworks(['10.0.0.0/8', '2001:db8:aaaa::/48']) }
const nobody = () => false
const both = ['x-forwarded-for', 'forwarded'] as const
const [proxy, client, victim] = ['10.0.0.1', '203.0.113.7', '198.51.100.66']

const addressOf = (headers: Record<string, string>, header: ForwardedHeader = 'x-forwarded-for', socketAddress = proxy) =>
  clientAddress({ socketAddress, headers }, { isTrusted: trusted, header })

test('without trusted proxies, and from whoever is none, headers say nothing', () => {
  const headers = { 'x-forwarded-for': victim, forwarded: `for=${victim}` }
  for (const header of both) {
    expect(addressOf(headers, header, client)).toBe(client)
    expect(addressOf(headers, header, `::ffff:${client}`)).toBe(client)
    expect(clientAddress({ socketAddress: proxy, headers }, { isTrusted: nobody, header })).toBe(proxy)
    expect(clientAddress({ socketAddress: undefined, headers }, { isTrusted: trusted, header })).toBe('')
  }
})

test('a client that its proxies do not tell is unknown, and never has the address of a proxy', () => {
  for (const header of both) expect(addressOf({}, header)).toBe('unknown')
  expect(readNetworks(['0.0.0.0/0', '::/0']).isInside?.('unknown')).toBe(false)
})

test.for([
  [client, client],
  [`${victim}, ${client}`, client],
  [`${victim}, ${client}, 10.0.0.9`, client],
  [`${victim},${client}:51234`, client],
  ['2001:DB8::7', '2001:db8::7'],
  ['[2001:db8::7]:443, 2001:db8:aaaa::1', '2001:db8::7'],
  ['10.0.0.9, 10.0.0.8', 'unknown'],
  [`${victim}, unknown`, 'unknown'],
  [`${victim}, 10.0.0.9, _hidden, 10.0.0.8`, 'unknown'],
  [`${victim}, `, 'unknown'],
  [`${victim}, 203.0.113.7.`, 'unknown'],
  ['', 'unknown'],
] as const)('X-Forwarded-For: %s comes from %s', ([header, address]) => {
  expect(addressOf({ 'x-forwarded-for': header })).toBe(address)
})

test.for([
  [`for=${client}`, client],
  [`For="${client}:4711";proto=https;by=10.0.0.1`, client],
  [`for=${victim}, for=${client};proto=http, for=10.0.0.9`, client],
  ['for="[2001:db8::7]:4711"', '2001:db8::7'],
  ['for=[2001:db8::7]', '2001:db8::7'],
  ['for="2001:db8::7"', '2001:db8::7'],
  [`for=${victim}, for=unknown`, 'unknown'],
  [`for=${victim}, for=_hidden, for="10.0.0.9"`, 'unknown'],
  [`for=${victim}, proto=https`, 'unknown'],
  [`for=${client};for=${victim}`, 'unknown'],
  [`for="${victim}, for=${client}`, client],
  [`for=${client};host="x, for=${victim}"`, 'unknown'],
  [`for=${client};host="x, for=${victim};a=\\""`, 'unknown'],
  [`for=${client};host="x, for=${victim};a=\\"b\\""`, 'unknown'],
  [`for=${victim} for=${client}`, 'unknown'],
] as const)('Forwarded: %s comes from %s', ([header, address]) => {
  expect(addressOf({ forwarded: header }, 'forwarded')).toBe(address)
})

/** Anything that a client may put into a header, with addresses that it wants to seem to have. */
const written = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(victim, `for=${victim}`, `for="${victim}"`, '10.0.0.9', 'for="', `"${victim}`, `for=${victim};x="\\`, `, ${victim},`),
)

test('whatever a client writes, the address that a trusted proxy appended is found', () => {
  fc.assert(
    fc.property(written, (text) => {
      expect(addressOf({ 'x-forwarded-for': `${text}, ${client}` })).toBe(client)
      expect(addressOf({ forwarded: `${text}, for=${client}` }, 'forwarded')).toBe(client)
    }),
  )
})

test('what a client writes into the header that its proxy passes on changes nothing', () => {
  fc.assert(
    fc.property(written, written, (text, foreign) => {
      expect(addressOf({ 'x-forwarded-for': `${text}, ${client}`, forwarded: foreign })).toBe(client)
      expect(addressOf({ 'x-forwarded-for': foreign, forwarded: `${text}, for=${client}` }, 'forwarded')).toBe(client)
      expect(addressOf({ forwarded: foreign })).toBe('unknown')
      expect(addressOf({ 'x-forwarded-for': foreign }, 'forwarded')).toBe('unknown')
    }),
  )
})

test('a chain of more hops than anybody has is not read to its end', () => {
  expect(addressOf({ 'x-forwarded-for': [victim, ...Array<string>(2000).fill('10.0.0.9')].join(',') })).toBe('unknown')
})
