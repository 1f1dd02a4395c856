import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import type { ProxyFor } from '@bir/sdk/proxies'
import { serverGuard } from './address.ts'
import { exchange } from '../exchange.ts'
import { HttpPool } from '../pool.ts'
import { aRemote, aRequest } from '../../modern/testing.ts'
import { RemoteUpstream } from '../../remote/remote-upstream.ts'
import { dualServer, legacyOnlyServer } from '../../../testing/sdk.ts'
import { serverOf } from '../../testing.ts'
import { proxiedConnector } from './proxied-connector.ts'

/** A proxy that leads every tunnel to one server, or refuses with a status. It notes what it was asked. */
async function aProxy(target: string, { status = 200 } = {}) {
  const asked: { authority: string | undefined; authorization: string | undefined }[] = []
  const first = Promise.withResolvers<Buffer>()
  const server = createServer((_, response) => response.writeHead(500).end())
  server.on('connect', (request, socket) => {
    asked.push({ authority: request.url, authorization: request.headers['proxy-authorization'] })
    socket.on('error', () => undefined)
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    socket.once('data', first.resolve)
    const onward = connect(Number(new URL(target).port), '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    url,
    asked,
    first: first.promise,
    proxyFor: (() => ({ url, authorization: 'Basic c2VjcmV0' })) satisfies ProxyFor,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

async function ask(address: string, proxyFor: ProxyFor, privateNetwork = true) {
  const pool = new HttpPool({ url: address, privateNetwork, proxyFor })
  await using _ = { [Symbol.asyncDispose]: () => pool.close() }
  return await exchange(pool, { url: new URL(address), method: 'GET', headers: {}, maxBytes: 1000, timeoutToHeadersMs: 60_000 })
}

const hi = () => serverOf((request, response) => response.end(`${request.method} ${request.url} at ${request.headers.host}`))

test('a server is reached through the proxy by its name, which only the proxy need know', async () => {
  await using server = await hi()
  await using proxy = await aProxy(server.url)
  expect(await ask('http://things.example/mcp?x', proxy.proxyFor)).toMatchObject({ status: 200, text: 'GET /mcp?x at things.example' })
  expect(proxy.asked).toEqual([{ authority: 'things.example:80', authorization: 'Basic c2VjcmV0' }])
})

test('https is spoken with the server itself, inside the tunnel', async () => {
  await using server = await hi()
  await using proxy = await aProxy(server.url)
  await expect(ask('https://things.example:8443/mcp', proxy.proxyFor)).rejects.toMatchObject({ code: 'upstream_down' })
  expect(proxy.asked).toMatchObject([{ authority: 'things.example:8443' }])
  // The first byte of a TLS handshake (RFC 8446, section 5.1).
  expect((await proxy.first)[0]).toBe(22)
})

test.for(['http://169.254.169.254/mcp', 'http://[fd00:ec2::254]/mcp'])(
  'an address that no server may have is not asked of the proxy: %s',
  async (address) => {
    await using server = await hi()
    await using proxy = await aProxy(server.url)
    await expect(ask(address, proxy.proxyFor)).rejects.toMatchObject({
      message: expect.stringContaining('not an address a server may have'),
    })
    expect(proxy.asked).toEqual([])
  },
)

test.for<[string, LookupAddress[], string | undefined]>([
  ['a public address', [{ address: '93.184.216.34', family: 4 }], '93.184.216.34:80'],
  ['a public address of IPv6', [{ address: '2606:2800:220:1::1', family: 6 }], '[2606:2800:220:1::1]:80'],
  [
    'a private one beside it',
    [
      { address: '10.0.0.1', family: 4 },
      { address: '93.184.216.34', family: 4 },
    ],
    '93.184.216.34:80',
  ],
  ['a private address', [{ address: '10.0.0.1', family: 4 }], undefined],
])('for a server on the open internet the proxy is asked for the checked address; the name means %s', async ([, addresses, authority]) => {
  await using server = await hi()
  await using proxy = await aProxy(server.url)
  const connector = proxiedConnector(proxy.proxyFor(), serverGuard(false), 60_000, {
    pinned: true,
    resolve: (_, _options, callback) => callback(null, addresses),
  })
  const connected = new Promise((resolve, reject) => {
    connector({ hostname: 'things.example', host: 'things.example', protocol: 'http:', port: '' }, (error, socket) =>
      error ? reject(error) : resolve(socket.destroy()),
    )
  })
  if (authority === undefined) await expect(connected).rejects.toThrow('no address a server may have')
  else await connected
  expect(proxy.asked.map((asked) => asked.authority)).toEqual(authority === undefined ? [] : [authority])
})

test.for([407, 403, 502])('a proxy that answers %i is named in the fault, and its credential is not', async (status) => {
  await using proxy = await aProxy('http://127.0.0.1:1', { status })
  await expect(ask('http://things.example/mcp', proxy.proxyFor)).rejects.toMatchObject({
    code: 'upstream_down',
    message: `the proxy ${proxy.url.host} answered CONNECT with HTTP ${status}`,
  })
})

test('a proxy that is away is named in the fault', async () => {
  const proxy = await aProxy('http://127.0.0.1:1')
  await proxy[Symbol.asyncDispose]()
  await expect(ask('http://things.example/mcp', proxy.proxyFor)).rejects.toMatchObject({
    message: `the proxy ${proxy.url.host} cannot be reached (ECONNREFUSED)`,
  })
})

test.for([
  ['modern', dualServer],
  ['legacy', legacyOnlyServer],
] as const)('a %s server is found, described and called through a proxy, its stream too', async ([era, serve]) => {
  await using server = await serve()
  await using proxy = await aProxy(server.url)
  const upstream = new RemoteUpstream({ ...aRemote('http://things.example'), proxyFor: proxy.proxyFor })
  expect(await upstream.describe(aRequest())).toMatchObject({ era })
  const { value } = await upstream.request(aRequest({ method: 'tools/call', params: { name: 'echo', arguments: { text: 'hi' } } }))
  expect(value).toMatchObject({ content: [{ text: 'hi' }] })
  await upstream.close()
  expect(new Set(proxy.asked.map(({ authority }) => authority))).toEqual(new Set(['things.example:80']))
})
