import { readFileSync } from 'node:fs'
import { connectionFault, vaultFault } from '@bir/sdk/vault/fault'
import type { VaultAnswer, VaultFault } from '@bir/sdk/vault/fault'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { StoreUnavailable } from '../reader.ts'

const timeoutMs = 5_000
const connections = 8
/** More than the largest secret of a few fields, as JSON. */
const maxBytes = 4 * 1024 * 1024

interface Options {
  /** Without a slash at the end. It may have a path, before `/v1`. */
  readonly address: string
  readonly namespace: string | undefined
  /** A PEM file of the authorities that may vouch for Vault. */
  readonly caFile: string | undefined
}

export interface VaultQuestion {
  readonly method: 'GET' | 'POST'
  /** Below `/v1/`. */
  readonly path: string
  readonly token?: string
  readonly body?: Readonly<Record<string, string>>
}

/** What administrators are told of a fault. Nothing of what was sent, and nothing of what came back. */
export const unavailable = ({ says }: VaultFault): StoreUnavailable => new StoreUnavailable(says)

/** Sends requests to the one address of Vault. It follows no redirect, so that the token goes nowhere else. */
export class VaultClient {
  private readonly agent: Agent
  private readonly origin: string
  private readonly base: string
  private readonly headers: Readonly<Record<string, string>>

  /** Throws when the file of the authorities cannot be read. */
  constructor({ address, namespace, caFile }: Options) {
    const url = new URL(address)
    this.origin = url.origin
    this.base = `${url.pathname.replace(/\/$/, '')}/v1/`
    // Vault refuses requests without the first of these where its agent is set up so, against forged ones.
    this.headers = {
      'x-vault-request': 'true',
      accept: 'application/json',
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    }
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
    this.agent = new Agent({
      connections,
      connect: { timeout: timeoutMs, ...(ca !== undefined && { ca }) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: maxBytes,
    })
  }

  /** Rejects with `StoreUnavailable` when there is no answer. Any answer is given, whatever its status. */
  async ask({ method, path, token, body }: VaultQuestion): Promise<VaultAnswer> {
    try {
      const {
        statusCode,
        headers,
        body: stream,
      } = await this.agent.request({
        origin: this.origin,
        path: this.base + path,
        method,
        headers: {
          ...this.headers,
          ...(token !== undefined && { 'x-vault-token': token }),
          ...(body && { 'content-type': 'application/json' }),
        },
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await stream.text()
      return { status: statusCode, body: jsonIn(text), contentType: contentTypeOf(headers, text) }
    } catch (error) {
      throw unavailable(faultOf(error))
    }
  }

  close(): Promise<void> {
    return this.agent.destroy()
  }
}

function faultOf(error: unknown): VaultFault {
  const { name, code } = error as { name?: unknown; code?: unknown }
  if (name === 'TimeoutError') return vaultFault('unreachable', `Vault does not answer within ${timeoutMs / 1000} s.`, true)
  return connectionFault(typeof code === 'string' ? code : undefined)
}

function contentTypeOf({ 'content-type': type }: Dispatcher.ResponseData['headers'], text: string): string | undefined {
  return text === '' ? undefined : String(type)
}

/** Undefined for what is no JSON. The message of a parser would quote it. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
