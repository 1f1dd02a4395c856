import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import { answerFault, isTokenRefused } from '@bir/sdk/vault/fault'
import type { VaultAnswer, VaultFault } from '@bir/sdk/vault/fault'
import { deletePath, mountPath, readMount, readPath, readSecret, readWritten, writeBody, writePath } from '@bir/sdk/vault/kv'
import type { KvMount } from '@bir/sdk/vault/kv'
import type { VaultAccess } from '@bir/sdk/vault/settings'
import type { Log } from '../../../base/log.ts'
import { StoreFault } from '../store.ts'
import type { SecretStore } from '../store.ts'
import { CAPABILITIES_PATH, neededCapabilities, refuseIncapable } from './capabilities.ts'
import { vaultClient } from './vault-client.ts'
import { VaultSession } from './vault-session.ts'
import { openVaultTransport } from './vault-transport.ts'

/** A node that has not caught up answers 412: these are the waits before we ask again. */
const catchUpWaitsMs = [100, 300, 900]

/**
 * Secrets in the KV engine of Vault or OpenBao, version 1 or 2, below `bir/` of its mount. Version 2 compares and sets;
 * version 1 cannot: of two who write at once the last one wins. Deleting destroys all versions.
 */
export function createVaultStore(access: VaultAccess, log: Log): SecretStore {
  const transport = openVaultTransport(access.caFile)
  const ask = vaultClient(access, transport)
  const session = new VaultSession({ auth: access.auth, ask, log })
  let found: Promise<KvMount> | undefined

  /** The answer to a request with our token. A token that is not good any more is replaced once. */
  async function asked(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<VaultAnswer> {
    const token = await session.token()
    const answer = await askAgain(method, path, token, body)
    if (answerFault(answer)?.kind !== 'permission_denied') return answer
    if (!isTokenRefused(await askAgain('GET', mountPath(access.mount), token))) return answer
    if (!(await session.refused(token)))
      throw new StoreFault('signed_out', 'Vault does not take our token any more: it has expired or was revoked. Give a new VAULT_TOKEN.')
    return askAgain(method, path, await session.token(), body)
  }

  async function askAgain(method: 'GET' | 'POST' | 'DELETE', path: string, token: string, body?: object): Promise<VaultAnswer> {
    const options = { token, ...(body && { body }) }
    for (const waitMs of catchUpWaitsMs) {
      const answer = await ask(method, path, options)
      if (answer.status !== 412) return answer
      await delay(waitMs)
    }
    return ask(method, path, options)
  }

  async function findMount(): Promise<KvMount> {
    return orThrow(readMount(await asked('GET', mountPath(access.mount)), access.mount))
  }

  /** The engine is looked for once. What fails is looked for again by the next who needs it. */
  function mount(): Promise<KvMount> {
    const search = found ?? findMount()
    found = search
    search.catch(() => {
      if (found === search) found = undefined
    })
    return search
  }

  /** Does it once more when the engine has another version than was found before. */
  async function inEngine<T>(work: (engine: KvMount) => Promise<T>): Promise<T> {
    const search = mount()
    try {
      return await work(await search)
    } catch (error) {
      if (!(error instanceof StoreFault && error.kind === 'kv_version')) throw error
      if (found === search) found = undefined
      return work(await mount())
    }
  }

  const lookAt = async (engine: KvMount, path: string) => {
    const said = readSecret(engine, await asked('GET', readPath(engine, path)))
    return 'kind' in said && said.kind === 'malformed' ? { ...said, says: `At ${readPath(engine, path)} in Vault: ${said.says}` } : said
  }
  const readAt = async (engine: KvMount, path: string) => orThrow(await lookAt(engine, path))

  /** What the engine must have for the write to go on. */
  async function expectedVersion(engine: KvMount, path: string, expected: string | null): Promise<number> {
    if (engine.version === 2 && expected !== null) return Number(expected)
    const there = await lookAt(engine, path)
    if ('says' in there && there.storeVersion !== undefined && there.storeVersion === expected) return 0
    if ('says' in there) throw storeFault(there)
    const isSame = 'none' in there ? expected === null : there.storeVersion === expected
    if (!isSame) throw new StoreFault('conflict', 'Somebody else wrote the secret meanwhile. Look at it, then put it again.')
    return 'none' in there ? there.softVersion : 0
  }

  return {
    kind: 'vault',
    read: (place) =>
      inEngine(async (engine) => {
        const secret = await readAt(engine, secretPath(place))
        return 'none' in secret ? undefined : secret
      }),
    write: (place, fields, expected) =>
      inEngine(async (engine) => {
        const path = secretPath(place)
        const mark = randomUUID()
        const body = writeBody(engine, fields, { expected: await expectedVersion(engine, path, expected), mark })
        return orThrow(readWritten(engine, await asked('POST', writePath(engine, path), body), mark)).storeVersion
      }),
    delete: (place) =>
      inEngine(async (engine) => {
        const fault = answerFault(await asked('DELETE', deletePath(engine, secretPath(place))))
        if (fault) throw storeFault(fault)
      }),
    async check() {
      found = undefined
      // Nothing lies there. A policy that forgot our folder answers 403 here, before somebody gives a secret.
      const engine = await mount()
      await readAt(engine, 'check')
      const needed = neededCapabilities(engine)
      const answer = await asked('POST', CAPABILITIES_PATH, { paths: [...needed.keys()] })
      // A token may be forbidden to ask.
      if (!answerFault(answer)) refuseIncapable(needed, answer.body)
    },
    async close() {
      session.close()
      await transport.close()
    },
  }
}

const storeFault = ({ kind, says, retryable, storeVersion }: VaultFault) =>
  new StoreFault(kind, says, { retryable, ...(kind === 'malformed' && { unreadable: { storeVersion } }) })

function orThrow<T extends object>(value: T | VaultFault): T {
  if ('says' in value) throw storeFault(value)
  return value
}
