import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { proxyRules } from '@bir/sdk/proxies'
import { expect, test } from 'vitest'
import { createProviderFetch } from './provider-fetch.ts'

/** What a proxy is asked for when a provider is spoken to. */
async function askedOf(address: string, noProxy: string): Promise<string[]> {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('hi')
  })
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
    socket.end('HTTP/1.1 502 No\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://user:word@127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const fetch = createProviderFetch(proxyRules({ httpProxy: url, httpsProxy: url, noProxy }))('corp')
  await fetch(address, { method: 'GET', headers: {} }).catch(() => undefined)
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
  return asked
}

const credential = `Basic ${Buffer.from('user:word').toString('base64')}`

test.for(['http://idp.invalid/keys', 'https://idp.invalid/keys'])('%s is asked through the proxy of the environment', async (address) => {
  expect(await askedOf(address, '')).toEqual([expect.stringMatching(/^(?:GET|CONNECT) .*idp\.invalid/)])
})

test('a proxy that wants a credential gets it', async () => {
  expect(await askedOf('https://idp.invalid/keys', '')).toEqual([`CONNECT idp.invalid:443 ${credential}`])
})

test('a provider among the exceptions is asked directly', async () => {
  expect(await askedOf('http://idp.invalid/keys', '.invalid')).toEqual([])
})
