import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

export interface ClosedProxy extends AsyncDisposable {
  readonly url: string
  /** How many tunnels it opened. */
  readonly opened: number
}

/** An HTTP proxy that lets nobody through who does not know the password of `gateway`. */
export async function closedProxy(password: string): Promise<ClosedProxy> {
  const expected = `Basic ${Buffer.from(`gateway:${password}`).toString('base64')}`
  let opened = 0
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', ({ url, headers }, socket) => {
    socket.on('error', () => undefined)
    if (headers['proxy-authorization'] !== expected) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    opened++
    const { hostname, port } = new URL(`http://${url}`)
    const onward = connect(Number(port), hostname)
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}`,
    get opened() {
      return opened
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
