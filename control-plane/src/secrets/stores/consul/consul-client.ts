import { EventEmitter } from 'node:events'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import Consul from 'consul'
import { z } from 'zod'
import type { ConsulSettings } from './consul-settings.ts'
import { consulFault, notConsul } from './consul-fault.ts'

/** One key of Consul's KV store. */
interface KvEntry {
  readonly key: string
  readonly value: Buffer
  /** Rises with every write of this key. Who writes says which one they read. */
  readonly modifyIndex: number
}

/** What we use of Consul's KV API. Every operation throws `StoreFault` when Consul does not do it. */
export interface ConsulKv {
  get(key: string): Promise<KvEntry | undefined>
  /** Writes if the key still has this ModifyIndex; 0: if there is no such key. False: it has another. */
  set(key: string, value: string, modifyIndex: number): Promise<boolean>
  delete(key: string, modifyIndex: number): Promise<boolean>
  /** The names of all keys that begin so. */
  keys(prefix: string): Promise<string[]>
  /** Waits until what begins so has another index than `index`, or until `waitMs` are over. Resolves with the index. */
  waitForChange(prefix: string, options: { index: string; waitMs: number; signal: AbortSignal }): Promise<string>
  /** Whether the cluster has a leader. */
  hasLeader(): Promise<boolean>
  close(): void
}

const timeoutMs = 10_000

/** The declarations of the package know neither the response nor these options. */
interface Calls {
  kv: {
    get(options: object): Promise<unknown>
    keys(options: object): Promise<unknown>
    set(options: object): Promise<unknown>
    del(options: object): Promise<unknown>
  }
  status: { leader(options: object): Promise<unknown> }
  destroy(): void
}

const Item = z.object({ Key: z.string(), ModifyIndex: z.number(), Value: z.instanceof(Buffer).nullable() })

/** Consul's HTTP API (developer.hashicorp.com/consul/api-docs/kv) through the package `consul`. */
export function openConsul({ address, token, ca }: Omit<ConsulSettings, 'prefix'>): ConsulKv {
  const secure = address.startsWith('https:')
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 32, ...(ca ? { ca } : {}) })
    : new HttpAgent({ keepAlive: true, maxSockets: 32 })
  const options = { baseUrl: `${address}/v1`, agent, defaults: token ? { token } : {} }
  const client = new Consul(options) as unknown as Calls

  /** Resolves with the status and the index of the answer too: they say whether this is Consul at all. */
  async function ask(
    call: (options: object) => Promise<unknown>,
    options: object,
    { signal, limitMs = timeoutMs }: Patience = {},
  ): Promise<Answer> {
    const context = Object.assign(new EventEmitter(), { includeResponse: true })
    const cancel = () => context.emit('cancel')
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      signal?.throwIfAborted()
      const [response, body] = (await call({ ...options, ctx: context, timeout: limitMs })) as [Response, unknown]
      const index = response.headers['x-consul-index']
      return { status: response.statusCode, index, body }
    } catch (error) {
      // A key that is not there is an answer too.
      const response = (error as { response?: Response }).response
      if (response?.statusCode === 404) return { status: 404, index: response.headers['x-consul-index'], body: undefined }
      throw consulFault(error, address)
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  return {
    async get(key) {
      const { status, index, body } = await ask((options) => client.kv.get(options), { key, buffer: true })
      if (index === undefined) throw notConsul(address)
      if (status === 404) return undefined
      const { data } = Item.safeParse(body)
      if (!data) throw notConsul(address)
      return { key: data.Key, value: data.Value ?? Buffer.alloc(0), modifyIndex: data.ModifyIndex }
    },
    set: async (key, value, cas) => booleanOf(await ask((options) => client.kv.set(options), { key, value, cas }), address),
    delete: async (key, cas) => booleanOf(await ask((options) => client.kv.del(options), { key, cas }), address),
    async keys(prefix) {
      const { status, index, body } = await ask((options) => client.kv.keys(options), { key: prefix }, { limitMs: 6 * timeoutMs })
      return namesOf({ status, index, body }, address)
    },
    async waitForChange(prefix, { index, waitMs, signal }) {
      // With a separator, the answer holds the first level alone; its index still counts all below.
      const query = { key: prefix, separator: '/', index, wait: `${Math.ceil(waitMs / 1000)}s` }
      const answer = await ask((options) => client.kv.keys(options), query, { signal, limitMs: waitMs + waitMs / 16 + timeoutMs })
      namesOf(answer, address)
      return answer.index ?? '0'
    },
    async hasLeader() {
      const { status, body } = await ask((options) => client.status.leader(options), {})
      if (status !== 200 || typeof body !== 'string') throw notConsul(address)
      return body !== ''
    },
    close: () => client.destroy(),
  }
}

interface Patience {
  signal?: AbortSignal
  limitMs?: number
}

interface Response {
  statusCode: number
  headers: Record<string, string | undefined>
}

interface Answer {
  status: number
  index: string | undefined
  body: unknown
}

function booleanOf({ body }: Answer, address: string): boolean {
  if (typeof body !== 'boolean') throw notConsul(address)
  return body
}

function namesOf({ status, index, body }: Answer, address: string): string[] {
  if (index === undefined) throw notConsul(address)
  if (status === 404) return []
  const { data } = z.array(z.string()).safeParse(body)
  if (!data) throw notConsul(address)
  return data
}
