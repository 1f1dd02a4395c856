import { expect, test } from 'vitest'
import type { Ctx } from '../../base/context.ts'
import { check } from '../operations/check.ts'
import { remove } from '../operations/delete.ts'
import { put } from '../operations/put.ts'
import { StoreFault } from '../stores/store.ts'
import type { SecretStore, StoreFaultKind } from '../stores/store.ts'
import { aSecretWorld, aToken } from '../testing.ts'

const kinds: StoreFaultKind[] = [
  'unreachable',
  'tls',
  'sealed',
  'rate_limited',
  'permission_denied',
  'signed_out',
  'wrong_mount',
  'kv_version',
  'malformed',
  'service_error',
]

/** The same control plane while its store does nothing but fail. */
function whileAway(ctx: Ctx, fault: StoreFault): Ctx {
  const fail = () => Promise.reject(fault)
  const store: SecretStore = { ...ctx.secrets.store, read: fail, write: fail, delete: fail }
  return { ...ctx, secrets: { ...ctx.secrets, store } }
}

test('a store that cannot be used tells administrators what is wrong and what to do, and people its word alone', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  for (const kind of kinds) {
    const says = `Vault at vault.internal is in trouble with ${kind}: mend it there.`
    const asAdministrator = whileAway(it.ctx, new StoreFault(kind, says))
    const told = { code: 'unavailable', message: `${says} Nothing was changed.` }
    await expect(put(asAdministrator, { server: 'vcs', user: 'alice', fields: { token: aToken() } })).rejects.toMatchObject(told)
    await expect(check(asAdministrator, { server: 'vcs', user: 'alice' })).rejects.toMatchObject(told)
    await expect(remove(asAdministrator, { server: 'vcs', user: 'alice' })).rejects.toMatchObject({
      code: 'unavailable',
      message: `${says} The secret may lie there still, and is listed as before. Delete it once more in a moment.`,
    })

    const error: unknown = await put(whileAway(it.alice, new StoreFault(kind, says)), { server: 'vcs', fields: { token: aToken() } }).catch(
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(`(${kind})`) as string })
    expect(String(error)).not.toContain('vault.internal')
  }
})

test('a store that fails while it destroys what was deleted before is told in its words too', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  const sealed = new StoreFault('sealed', 'Vault is sealed: unseal it.', { retryable: true })
  await it.db.insertInto('secret_erasures').values({ holder_kind: 'person', holder_id: it.alice.actor.id, server: 'vcs' }).execute()
  const input = { server: 'vcs', user: 'alice', fields: { token: aToken() } }
  const message = 'Vault is sealed: unseal it. Nothing was changed.'
  await expect(put(whileAway(it.ctx, sealed), input)).rejects.toMatchObject({ code: 'unavailable', message })
})

test('a write that the store refuses changed nothing; of one that it does not answer, nobody says so', async () => {
  await using it = await aSecretWorld()
  const written = async (fault: StoreFault) => {
    const { store } = it.ctx.secrets
    const ctx = { ...it.ctx, secrets: { ...it.ctx.secrets, store: { ...store, write: () => Promise.reject(fault) } } }
    await expect(put(ctx, { server: 'vcs', user: 'alice', fields: { token: it.good() } })).rejects.toThrow(`${fault.message} `)
    return put(ctx, { server: 'vcs', user: 'alice', fields: { token: it.good() } }).catch(({ message }: Error) => message)
  }
  expect(await written(new StoreFault('permission_denied', 'The policy forbids it.'))).toBe('The policy forbids it. Nothing was changed.')
  expect(await written(new StoreFault('unreachable', 'No answer.'))).toContain('may have taken the secret or not')
})
