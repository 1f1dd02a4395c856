import { readFileSync } from 'node:fs'
import type { VaultAnswer } from '@bir/sdk/vault/fault'
import { connectionFault } from '@bir/sdk/vault/fault'
import { Agent, request } from 'undici'
import { StoreFault } from '../store.ts'

const connectTimeoutMs = 5_000
const timeoutMs = 10_000
/** A secret of all its fields, with what Vault says of it, is far smaller. */
const maxAnswerBytes = 8 * 1024 * 1024

export interface VaultRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  body: object | undefined
}

export interface VaultTransport {
  /** Throws `StoreFault` when there is no answer. No redirect is followed: the token goes to the one address. */
  send(request: VaultRequest): Promise<VaultAnswer>
  close(): Promise<void>
}

/** `caFile`: the PEM file of the authorities that may vouch for Vault. Throws when it cannot be read. */
export function openVaultTransport(caFile: string | undefined): VaultTransport {
  const ca = caFile === undefined ? undefined : readFileSync(caFile)
  const agent = new Agent({ connections: 16, connect: { timeout: connectTimeoutMs, ...(ca && { ca }) } })
  return {
    async send({ method, url, headers, body }) {
      try {
        const answer = await request(url, {
          method,
          headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
          body: body ? JSON.stringify(body) : null,
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        })
        const text = await textWithin(answer.body)
        const contentType = answer.headers['content-type']?.toString()
        return { status: answer.statusCode, body: parsed(text), contentType: text === '' ? undefined : contentType }
      } catch (error) {
        throw faultOf(error)
      }
    },
    close: () => agent.destroy(),
  }
}

async function textWithin(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > maxAnswerBytes) throw new StoreFault('service_error', 'Vault answers with more than 8 MiB: check VAULT_ADDR.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Only the code of an error is taken over: its text and its cause may quote the request. */
function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error
  const { kind, says, retryable } = connectionFault(codeOf(error))
  return new StoreFault(kind, says, { retryable })
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.name === 'TimeoutError') return 'TIMEOUT'
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : codeOf(error.cause)
}
