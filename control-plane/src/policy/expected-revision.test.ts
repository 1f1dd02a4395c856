import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { expect, test } from 'vitest'
import { aRunningControlPlane } from '../internal/testing.ts'

const session = { idleMs: 3_600_000, maxMs: 36_000_000 }
const withPipeline = (title: string): PolicyFile => ({ serviceAccounts: { ci: { title } } })

test('a change that no data plane gets has a revision of its own, and whoever expects the one before is told', async () => {
  await using control = await aRunningControlPlane()
  const { policy } = control.client()
  const files: PolicyFile[] = [
    { clients: { allow: 'any', approved: ['desk'] } },
    { providers: { corp: { issuer: 'https://idp.bank.example', clientId: 'bir' } } },
    { providers: { corp: { issuer: 'https://idp.evil.example', clientId: 'bir' } } },
    { settings: { session: { ...session, remember: 'off' } } },
    { settings: { session: { ...session, remember: 'on' } } },
    withPipeline('Pipeline'),
    withPipeline('Another name'),
  ]
  for (const file of files) {
    const before = await policy.version()
    await policy.apply({ file })
    const late = policy.apply({ file: { clients: { allow: 'listed' } }, expectRevision: before.revision })
    await expect(late, JSON.stringify(file)).rejects.toMatchObject({ code: 'conflict' })
  }
})
