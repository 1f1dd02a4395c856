import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'
import { readNetworks } from './network.ts'

const { isInside: trusted = () => false } = { ...readNetworks(['10.0.0.0/8', '2001:db8:aaaa::/48']) }
const nobody = () => false
const [proxy, client, victim] = ['10.0.0.1', '203.0.113.7', '198.51.100.66']

const addressOf = (headers: Record<string, string>, socketAddress = proxy, isTrusted = trusted) =>
  clientAddress({ socketAddress, headers }, isTrusted)

test('without trusted proxies, and from whoever is none, headers say nothing', () => {
  const headers = { 'x-forwarded-for': victim, forwarded: `for=${victim}` }
  expect(addressOf(headers, client)).toBe(client)
  expect(addressOf(headers, `::ffff:${client}`)).toBe(client)
  expect(addressOf(headers, proxy, nobody)).toBe(proxy)
  expect(addressOf({})).toBe(proxy)
  expect(clientAddress({ socketAddress: undefined, headers }, trusted)).toBe('')
})

test.for([
  [client, client],
  [`${victim}, ${client}`, client],
  [`${victim}, ${client}, 10.0.0.9`, client],
  [`${victim},${client}:51234`, client],
  ['2001:DB8::7', '2001:db8::7'],
  ['[2001:db8::7]:443, 2001:db8:aaaa::1', '2001:db8::7'],
  ['10.0.0.9, 10.0.0.8', '10.0.0.9'],
  [`${victim}, unknown`, proxy],
  [`${victim}, 10.0.0.9, _hidden, 10.0.0.8`, '10.0.0.8'],
  [`${victim}, `, proxy],
  [`${victim}, 203.0.113.7.`, proxy],
  ['', proxy],
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
  [`for=${victim}, for=unknown`, proxy],
  [`for=${victim}, for=_hidden, for="10.0.0.9"`, '10.0.0.9'],
  [`for=${victim}, proto=https`, proxy],
  [`for=${client};for=${victim}`, proxy],
  [`for="${victim}, for=${client}`, client],
  [`for=${client};host="x, for=${victim}"`, proxy],
  [`for=${client};host="x, for=${victim};a=\\""`, proxy],
  [`for=${client};host="x, for=${victim};a=\\"b\\""`, proxy],
  [`for=${victim} for=${client}`, proxy],
] as const)('Forwarded: %s comes from %s', ([header, address]) => {
  expect(addressOf({ forwarded: header })).toBe(address)
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
      expect(addressOf({ forwarded: `${text}, for=${client}` })).toBe(client)
    }),
  )
})

test('a header that the proxy passes on as the client wrote it gives the client no address that it does not have', () => {
  fc.assert(
    fc.property(written, written, (text, foreign) => {
      expect([client, proxy]).toContain(addressOf({ 'x-forwarded-for': `${text}, ${client}`, forwarded: foreign }))
      expect([client, proxy]).toContain(addressOf({ 'x-forwarded-for': foreign, forwarded: `${text}, for=${client}` }))
    }),
  )
  expect(addressOf({ 'x-forwarded-for': client, forwarded: `for=${client}` })).toBe(client)
})

test('a chain of more hops than anybody has is not read to its end', () => {
  expect(addressOf({ 'x-forwarded-for': [victim, ...Array<string>(2000).fill('10.0.0.9')].join(',') })).toBe('10.0.0.9')
})
