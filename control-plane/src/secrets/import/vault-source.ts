import { answerFault } from '@bir/sdk/vault/fault'
import type { VaultAnswer } from '@bir/sdk/vault/fault'
import { mountPath } from '@bir/sdk/vault/kv'
import { encodePath } from '@bir/sdk/vault/log-in'
import type { VaultAccess } from '@bir/sdk/vault/settings'
import { z } from 'zod'
import type { Log } from '../../base/log.ts'
import type { ImportSource } from '../stores/import-source.ts'
import { StoreFault } from '../stores/store.ts'
import { vaultClient } from '../stores/vault/vault-client.ts'
import { VaultSession } from '../stores/vault/vault-session.ts'
import { openVaultTransport } from '../stores/vault/vault-transport.ts'

const Mount = z.object({
  data: z.object({ type: z.string(), path: z.string(), options: z.record(z.string(), z.unknown()).nullish() }),
})
const Listed = z.object({ data: z.object({ keys: z.array(z.string()) }) })
const Entry = z.object({ data: z.record(z.string(), z.unknown()) })

/**
 * The entries of a folder of Vault, or one entry: `path` begins with the mount, which is another than our own. The
 * original kept people in a KV engine of either version, or in the cubbyhole of its token.
 */
export function vaultSource(access: VaultAccess, path: string, log: Log): ImportSource {
  const transport = openVaultTransport(access.caFile)
  const ask = vaultClient(access, transport)
  const session = new VaultSession({ auth: access.auth, ask, log })

  const forbidden = `Nothing is mounted at ${path}, or the policy of our identity does not allow it. An import needs read and list there, which the policy that we ship does not give.`

  async function get(at: string): Promise<VaultAnswer> {
    const answer = await ask('GET', at, { token: await session.token() })
    const fault = answerFault(answer)
    if (fault) throw new StoreFault(fault.kind, answer.status === 403 ? forbidden : fault.says, { retryable: fault.retryable })
    return answer
  }

  /** The paths of the API for what lies at the path. */
  async function engine() {
    const { data } = Mount.safeParse((await get(mountPath(path))).body)
    if (!data || !/^(kv|generic|cubbyhole)$/.test(data.data.type))
      throw new StoreFault('wrong_mount', `No KV engine of Vault is mounted at ${path}: write vault:<mount>/<path>.`)
    const mount = encodePath(data.data.path.replace(/\/$/, ''))
    const isSecond = data.data.options?.['version'] === '2'
    const below = (key: string) => encodePath(key.slice(data.data.path.length))
    return {
      listOf: (key: string) => `${mount}/${isSecond ? 'metadata/' : ''}${below(key)}?list=true`,
      dataOf: (key: string) => `${mount}/${isSecond ? 'data/' : ''}${below(key)}`,
      isSecond,
    }
  }

  return {
    async keys() {
      const { listOf } = await engine()
      const { data } = Listed.safeParse((await get(listOf(path))).body)
      if (!data) return [path]
      return data.data.keys.flatMap((name) => (name.endsWith('/') ? [] : [`${path}/${name}`])).sort()
    },
    async read(key) {
      const { dataOf, isSecond } = await engine()
      const { data } = Entry.safeParse((await get(dataOf(key))).body)
      const inner = isSecond ? data?.data['data'] : data?.data
      return inner === undefined || inner === null ? undefined : JSON.stringify(inner)
    },
    close() {
      session.close()
      transport.close().catch(() => undefined)
    },
  }
}
