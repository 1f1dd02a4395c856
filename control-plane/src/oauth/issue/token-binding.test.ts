import { bindingOf } from '@bir/sdk/binding'
import { expect, test } from 'vitest'
import { bindingFault } from './token-binding.ts'

const sid = '01a2237b-7af3-7487-a2b2-2fb8cce680d0'
const home = { address: '192.0.2.1', userAgent: 'Assistant/1.0' }
const elsewhere = { ...home, address: '198.51.100.1' }
const another = { ...home, userAgent: 'Thief/1.0' }
const prefixes = { ipv4: 24, ipv6: 56 }
const bnd = bindingOf(sid, home, prefixes)
const fault = (binding: 'off' | 'user-agent' | 'ip' | 'both', sender: typeof home, claim = bnd) =>
  bindingFault({ sid, bnd: claim }, sender, { binding, bindingNetwork: prefixes })

test('a token of the API is good from where it was issued to, as far as the settings ask for that', () => {
  for (const mode of ['off', 'user-agent', 'ip', 'both'] as const) expect(fault(mode, home), mode).toBeUndefined()
  expect(fault('both', { address: '192.0.2.99', userAgent: 'Assistant/2.0' }), 'the same network and product').toBeUndefined()
  for (const mode of ['ip', 'both'] as const) expect(fault(mode, elsewhere), mode).toBe('binding-network')
  for (const mode of ['user-agent', 'both'] as const) expect(fault(mode, another), mode).toBe('binding-user-agent')
  for (const mode of ['off', 'user-agent'] as const) expect(fault(mode, elsewhere), mode).toBeUndefined()
  for (const mode of ['off', 'ip'] as const) expect(fault(mode, another), mode).toBeUndefined()
})

test('a token without the claim is bound to nobody, one of a library to its network alone', () => {
  expect(bindingFault({ sid }, elsewhere, { binding: 'both', bindingNetwork: prefixes })).toBeUndefined()
  const library = bindingOf(sid, { ...home, userAgent: 'undici' }, prefixes)
  expect(fault('both', another, library)).toBeUndefined()
  expect(fault('both', elsewhere, library)).toBe('binding-network')
})
