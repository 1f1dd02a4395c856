import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'

/** A JSON body: the parsed value, and the text that the client sent. */
export interface Body {
  readonly value: unknown
  readonly text: string
}

/** Reads the whole body as JSON. Throws for a wrong content type, too many bytes, or what is not JSON in UTF-8. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new GatewayError('unsupportedMediaType', 'the content type is not application/json')
  const { 'content-encoding': encoding = 'identity' } = request.headers
  if (encoding !== 'identity')
    throw new GatewayError('unsupportedMediaType', 'an encoded body', { publicMessage: 'The body must not be compressed.' })
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  return parse(await bytesOf(request, maxBytes))
}

function bytesOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) return reject(tooLarge(maxBytes))
      chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', (cause) => reject(new GatewayError('invalidRequest', 'the body did not arrive whole', { cause })))
    // `close` follows every request, complete ones too. Creating an error for each of them would be costly.
    request.on('close', () => request.complete || reject(new GatewayError('invalidRequest', 'the body did not arrive whole')))
  })
}

function parse(bytes: Buffer): Body {
  if (!isUtf8(bytes)) throw new GatewayError('parse', 'the body is not UTF-8')
  try {
    const text = bytes.toString('utf8')
    return { value: JSON.parse(text), text }
  } catch (cause) {
    throw new GatewayError('parse', 'the body is not JSON', { cause })
  }
}

const tooLarge = (maxBytes: number) =>
  new GatewayError('tooLarge', 'the body is too large', { publicMessage: `The body is larger than ${maxBytes} bytes.` })
