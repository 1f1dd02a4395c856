import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Answer {
  status: number
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
}

export interface Arrival {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** A site of an origin of its own on the loopback, which remembers what arrived. */
export interface Site extends AsyncDisposable {
  origin: string
  arrivals: Arrival[]
}

export async function startSite(answer: (arrival: Arrival, origin: string) => Answer | Promise<Answer>): Promise<Site> {
  const arrivals: Arrival[] = []
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = request
    const arrival = { method, url, headers, body: await text(request) }
    arrivals.push(arrival)
    const { status, headers: answered = {}, body = '' } = await answer(arrival, origin())
    response.writeHead(status, answered).end(body)
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: origin(),
    arrivals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const htmlAnswer = (body: string): Answer => ({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body })
