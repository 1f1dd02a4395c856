import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

interface Held {
  method?: string
  headers: Record<string, string>
  body: string
}

/** Sends a request whose body stops after one byte. `finish` sends the rest, and resolves with the answer. */
export async function aHeldRequest(url: string, { method = 'POST', headers, body }: Held) {
  const bytes = Buffer.from(body)
  const sending = request(url, { method, headers: { ...headers, 'content-length': bytes.length } })
  const answer = once(sending, 'response') as Promise<[IncomingMessage]>
  answer.catch(() => undefined)
  await new Promise<void>((resolve) => sending.write(bytes.subarray(0, 1), () => resolve()))
  return {
    async finish() {
      sending.end(bytes.subarray(1))
      const [response] = await answer
      return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) }
    },
  }
}
