import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { expect, test } from 'vitest'
import { createProver } from './prover.ts'
import { aSecretWorld } from '../testing.ts'

test.for(['constructor', 'toString', '__proto__'])(
  'settings that name a field %s of the shared secret get none that it has not',
  async (name) => {
    await using it = await aSecretWorld()
    const { store } = it.ctx.secrets
    await store.write({ holder: { kind: 'shared' }, server: 'vcs' }, { other: 'fake-1' }, null)
    const mounted = it.ctx.catalog.get('vcs')?.secret
    if (!mounted) throw new Error('vcs has a secret')
    const sent: unknown[] = []
    const naming = {
      ...mounted,
      prove: async (...[, , { readSecret }]: Parameters<typeof mounted.prove>): Promise<SecretVerdict> => {
        sent.push(await readSecret({ secret: name }))
        return { verdict: 'ok', says: 'It is good.' }
      },
    }
    const prove = createProver({ store, secretsDir: undefined, proveAtPlanes: async () => ({ verdict: 'unreachable', says: 'No plane.' }) })
    const verdict = await prove({ server: 'vcs', kind: 'mounted', mounted: naming, settings: {}, fields: {} })
    expect(verdict).toMatchObject({ verdict: 'unreachable' })
    expect(sent).toEqual([])
  },
)
