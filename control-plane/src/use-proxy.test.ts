import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** What is asked of the proxy. The setting is one of the whole process, so another process tries it. */
async function askedOf(noProxy: string): Promise<string[]> {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('hi')
  })
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url}`)
    socket.end('HTTP/1.1 502 No\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const httpProxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const script = `
    import { useProxy } from ${JSON.stringify(new URL('use-proxy.ts', import.meta.url).href)}
    useProxy(${JSON.stringify({ httpProxy, noProxy, idpIssuer: 'http://idp.invalid' })})
    await fetch('http://idp.invalid/keys').catch(() => undefined)`
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  await new Promise((resolve) => proxy.close(resolve))
  return asked
}

test('the identity provider is asked through the proxy of the environment', async () => {
  expect(await askedOf('')).toEqual([expect.stringMatching(/idp\.invalid/)])
})

test('a provider among the exceptions is asked directly', async () => {
  expect(await askedOf('.invalid')).toEqual([])
})
