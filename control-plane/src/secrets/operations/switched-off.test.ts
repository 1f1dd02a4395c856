import { expect, test } from 'vitest'
import { kill } from '../../servers/servers.ts'
import { aSecretWorld } from '../testing.ts'
import { check } from './check.ts'
import { put } from './put.ts'
import { checkDueSecrets } from './schedule.ts'

test('a server that is switched off is sent no secret: not on schedule, by no check, and by nobody who gives one', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  await kill(it.ctx, { id: 'vcs', killed: true })
  it.service.state.asked = 0
  await it.db
    .updateTable('secrets')
    .set({ check_after: new Date(0) })
    .execute()
  await checkDueSecrets(it.ctx, () => undefined, new AbortController().signal)
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({
    verdict: 'unchecked',
    state: 'ok',
    says: expect.stringContaining('switched off'),
  })
  for (const ctx of [it.alice, it.ctx])
    await expect(put(ctx, { server: 'vcs', user: 'alice', fields: { token: it.good() } })).rejects.toMatchObject({ code: 'conflict' })
  expect(it.service.state.asked).toBe(0)
  await kill(it.ctx, { id: 'vcs', killed: false })
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'ok', state: 'ok' })
})
