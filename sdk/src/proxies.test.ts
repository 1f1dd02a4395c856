import { expect, test } from 'vitest'
import { z } from 'zod'
import { proxyRules, proxyShape, smallProxyVariables } from './proxies.ts'

const both = { httpProxy: 'http://web:1', httpsProxy: 'http://me:p%40ss@tls:2' }
const hostFor = (target: string, noProxy = '') => proxyRules({ ...both, noProxy })(new URL(target))?.url.host

test('the scheme of the target chooses the proxy', () => {
  expect([hostFor('http://a.example/mcp'), hostFor('https://a.example/mcp')]).toEqual(['web:1', 'tls:2'])
  expect(proxyRules({ httpsProxy: both.httpsProxy, noProxy: '' })(new URL('http://a.example'))).toBeUndefined()
})

test('the credential of a proxy is a header, and not part of its address', () => {
  const proxy = proxyRules({ ...both, noProxy: '' })(new URL('https://a.example'))
  expect(proxy?.url.href).toBe('http://tls:2/')
  expect(proxy?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
})

test.for(['http://localhost:1', 'http://a.localhost', 'http://127.0.0.1:3001/mcp', 'http://127.9.9.9', 'http://[::1]:1'])(
  'this machine is reached directly: %s',
  (target) => {
    expect(hostFor(target)).toBeUndefined()
  },
)

test.for([
  ['*', 'https://a.example', true],
  ['a.example', 'https://a.example', true],
  ['a.example', 'https://b.a.example', true],
  ['a.example', 'https://ba.example', false],
  ['.a.example', 'https://b.a.example', true],
  ['*.a.example', 'https://b.a.example', true],
  ['A.Example', 'https://a.example.', true],
  ['x, a.example', 'https://a.example', true],
  ['x a.example', 'https://a.example', true],
  ['a.example:443', 'https://a.example', true],
  ['a.example:8443', 'https://a.example', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:80', 'http://10.1.2.3', true],
  ['fd00::/8', 'https://[fd00::1]', true],
  ['fd00::1', 'https://[fd00::1]', true],
  ['[fd00::1]:443', 'https://[fd00::1]', true],
  ['10.0.0.0/99', 'https://11.1.2.3', false],
] as const)('with NO_PROXY %s, %s is reached directly: %s', ([noProxy, target, direct]) => {
  expect(hostFor(target, noProxy) === undefined).toBe(direct)
})

test('variables in small letters go before those in capitals, and empty ones say nothing', () => {
  expect(smallProxyVariables({ https_proxy: 'http://a:1', http_proxy: '', HTTPS_PROXY: 'http://b:2' })).toEqual({
    httpsProxy: 'http://a:1',
  })
})

test('a proxy may lack the scheme; any other kind of proxy is a fault that repeats no password', () => {
  const shape = z.object(proxyShape)
  expect(shape.parse({ httpProxy: 'proxy:3128' })).toEqual({ httpProxy: 'http://proxy:3128', noProxy: '' })
  for (const httpProxy of ['socks5://me:s3cr3t@a:1', 'http://', 'http://me:s3cr3t@a:99999', 'http://me:%zz@a:1']) {
    const { error } = shape.safeParse({ httpProxy })
    expect(error?.message).toContain('must be the http:// or https:// address of a proxy')
    expect(error?.message).not.toContain('s3cr3t')
  }
})
