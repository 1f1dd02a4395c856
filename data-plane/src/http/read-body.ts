import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'
import { withoutBom } from '../json/byte-order-mark.ts'
import { excessIn } from '../json/complexity.ts'
import type { BodyLease } from './body-budget.ts'

/** A JSON body: the parsed value, and the text that the client sent. */
export interface Body {
  readonly value: unknown
  readonly text: string
}

/**
 * Reads the whole body as JSON; `lease` counts what has arrived. Throws for a wrong content type, too many bytes, what
 * is not JSON in UTF-8, and JSON that would take too long to parse.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, lease: BodyLease): Promise<Body> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new GatewayError('unsupportedMediaType', 'the content type is not application/json')
  const { 'content-encoding': encoding = 'identity' } = request.headers
  if (encoding !== 'identity')
    throw new GatewayError('unsupportedMediaType', 'an encoded body', { publicMessage: 'The body must not be compressed.' })
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  return parse(await bytesOf(request, maxBytes, lease))
}

/** The bytes of a body, up to `maxBytes`. What was read is let go when the body cannot be had whole. */
export function bytesOf(request: IncomingMessage, maxBytes: number, lease: BodyLease): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let isOver = false
    const refuse = (error: unknown) => {
      isOver = true
      chunks.length = 0
      lease.end()
      reject(error)
    }
    // The client may have left while its token was verified: no event would follow.
    if (request.destroyed) return refuse(notWhole())
    request.on('data', (chunk: Buffer) => {
      if (isOver) return
      bytes += chunk.length
      if (bytes > maxBytes) return refuse(tooLarge(maxBytes))
      try {
        lease.add(chunk.length)
      } catch (error) {
        return refuse(error)
      }
      chunks.push(chunk)
    })
    request.on('end', () => {
      isOver = true
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    })
    request.on('error', (cause) => isOver || refuse(notWhole(cause)))
    // `close` follows every request, complete ones too. Creating an error for each of them would be costly.
    request.on('close', () => isOver || refuse(notWhole()))
  })
}

const notWhole = (cause?: unknown) => new GatewayError('invalidRequest', 'the body did not arrive whole', { cause })

function parse(received: Buffer): Body {
  const bytes = withoutBom(received)
  if (!isUtf8(bytes)) throw new GatewayError('parse', 'the body is not UTF-8')
  const excess = excessIn(bytes)
  if (excess !== undefined) throw new GatewayError('tooLarge', excess, { publicMessage: excess })
  try {
    const text = bytes.toString('utf8')
    return { value: JSON.parse(text), text }
  } catch (cause) {
    throw new GatewayError('parse', 'the body is not JSON', { cause })
  }
}

const tooLarge = (maxBytes: number) =>
  new GatewayError('tooLarge', 'the body is too large', { publicMessage: `The body is larger than ${maxBytes} bytes.` })
