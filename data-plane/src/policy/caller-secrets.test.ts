import { RemoteSettings } from '@bir/sdk/contract/remote'
import { Settings } from '@bir/sdk/contract/settings'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import { expect, onTestFinished, test } from 'vitest'
import { SecretsInUse } from '../secrets/in-use.ts'
import { SecretLeases } from '../secrets/leases.ts'
import { StoreUnavailable } from '../secrets/reader.ts'
import { ALICE, aPolicy } from '../testing/policy.ts'
import { callerSecrets } from './caller-secrets.ts'

const noFile = () => Promise.reject(new Error('no file is read for a person'))

/** The secret of alice for a remote server, in a store that a test changes or takes away. */
function aWorld() {
  const remote = RemoteSettings.parse({ url: 'https://desk.example.com/mcp', headers: { 'x-token': { secret: 'token', of: 'person' } } })
  const policy = aPolicy({
    servers: { desk: { kind: 'remote', title: 'Desk', remote, tools: {}, secret: { order: ['person'] } } },
    secrets: { [ALICE]: { desk: { version: 1, state: SECRET_USABLE } } },
  })
  const store = { token: 'fake-token-1', isAway: false }
  const leases = new SecretLeases({
    reader: {
      async read() {
        if (store.isAway) throw new StoreUnavailable('the store of the test is away')
        return { token: store.token }
      },
      close: async () => undefined,
    },
    times: () => Settings.parse({}),
    log: () => undefined,
  })
  onTestFinished(() => leases.close())
  const tried: unknown[] = []
  const secrets = callerSecrets({
    policy: { current: () => policy },
    leases,
    secrets: new SecretsInUse(noFile, () => undefined),
    portalUrl: undefined,
    recheck: async ({ fields }) => void tried.push(fields),
  })
  const mine = secrets.of(ALICE, 'desk')
  return { store, tried, secrets, mine, read: () => secrets.read(ALICE, mine, { secret: 'token', of: 'person' }) }
}

test('a secret that a remote server refuses is tried by itself, also while the store does not answer', async () => {
  const { store, tried, secrets, mine, read } = aWorld()
  await read()
  store.isAway = true
  secrets.refused(mine)
  await expect.poll(() => tried).toEqual([{ token: 'fake-token-1' }])
})

test('where the store has a newer value, that is used from the next request on, and nothing is tried', async () => {
  const { store, tried, secrets, mine, read } = aWorld()
  await read()
  store.token = 'fake-token-2'
  secrets.refused(mine)
  await expect.poll(read).toBe('fake-token-2')
  expect(tried).toEqual([])
})
