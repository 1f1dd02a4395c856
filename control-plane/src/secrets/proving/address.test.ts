import { expect, test } from 'vitest'
import { signIn } from '../../providers/sign-in.ts'
import { put as putServer } from '../../servers/servers.ts'
import { put as putUser } from '../../users/users.ts'
import { importSecrets } from '../import/import.ts'
import { put } from '../operations/put.ts'
import { aSecretWorld } from '../testing.ts'

const address = 'victim@example.com'

/** Mallory signs in, and calls the address of somebody else hers. */
async function aWorld() {
  const it = await aSecretWorld()
  const comes = (isEmailVerified: boolean, email = address) =>
    signIn(it.ctx, 'demo', {
      subject: 'm-1',
      handle: 'mallory',
      handleFault: undefined,
      name: undefined,
      email,
      isEmailVerified,
      administrator: undefined,
      groups: undefined,
      notes: [],
    })
  await comes(false)
  const give = async () => {
    const token = it.good({ login: 'victim', email: address.toUpperCase() })
    const { verdict, says } = await put(it.ctx, { server: 'vcs', user: 'mallory', fields: { token } })
    return { verdict, says }
  }
  it.ctx.secrets.importFrom = () => ({
    keys: async () => [`people/${address}`],
    read: async () => JSON.stringify({ vcs_token: it.good({ login: 'victim' }) }),
    close: () => undefined,
  })
  const imported = async () => (await importSecrets(it.ctx, { from: 'consul:people/' })).items.map(({ user, outcome }) => [user, outcome])
  return { ...it, comes, give, imported }
}

test('a secret is not one’s own by an address that nobody vouches for', async () => {
  await using it = await aWorld()
  await putServer(it.ctx, { id: 'vcs', kind: 'mounted', secret: { owner: 'same' } })
  expect(await it.give()).toMatchObject({ verdict: 'wrong_person', says: expect.stringContaining('has not said that it verified it') })
  await it.comes(true)
  expect(await it.give()).toMatchObject({ verdict: 'ok' })
  await it.comes(false)
  expect(await it.give()).toMatchObject({ verdict: 'ok' })
  await it.comes(false, 'other@example.com')
  expect(await it.give()).toMatchObject({ verdict: 'wrong_person', says: expect.stringContaining('belongs to victim') })
  await it.comes(false)
  expect(await it.give()).toMatchObject({ verdict: 'wrong_person' })
})

test('what lies at an address is imported for whom it was verified, and never for who only says that it is theirs', async () => {
  await using it = await aWorld()
  expect(await it.imported()).toEqual([[null, 'no_person']])
  // An administrator vouches for what they write.
  await putUser(it.ctx, { handle: 'alice', provider: 'demo', subject: 'subject-of-alice', email: address })
  expect(await it.imported()).toEqual([['alice', 'imported']])
})
