import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface RoundRobin extends AsyncDisposable {
  /** The one address of all replicas. */
  base: string
  /** The ports to send to, in turn. */
  replicas: number[]
}

/**
 * A load balancer as small as one can be: each request goes to the next replica. One that takes no connection is passed
 * over, because it has not seen the request; one that ends midway makes a 502, because nobody knows what it has done.
 */
export async function roundRobin(): Promise<RoundRobin> {
  const replicas: number[] = []
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    balance(incoming, outgoing).catch(() => outgoing.destroy())
  })

  async function balance(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    turn += 1
    const first = turn
    // Each sign-in is one of a person elsewhere: from one address only so many may begin in a minute.
    incoming.rawHeaders.push('x-forwarded-for', `10.${(turn >> 16) & 255}.${(turn >> 8) & 255}.${turn & 255}`)
    for (let tried = 0; tried < replicas.length; tried += 1) {
      const port = replicas[(first + tried) % replicas.length] ?? 0
      const answer = await send(port, incoming, body)
      if (answer === 'refused') continue
      if (answer === 'broken') break
      outgoing.writeHead(answer.status, answer.headers).end(answer.body)
      return
    }
    outgoing.writeHead(502).end()
  }

  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replicas,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Passed {
  status: number
  headers: string[]
  body: Buffer
}

function send(port: number, { method, url, rawHeaders }: IncomingMessage, body: Buffer): Promise<Passed | 'refused' | 'broken'> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers: rawHeaders, agent: false })
    outgoing.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' ? 'refused' : 'broken'))
    outgoing.once('response', (answer) => {
      buffer(answer).then(
        (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.rawHeaders, body: whole }),
        () => resolve('broken'),
      )
    })
    outgoing.end(body)
  })
}
