import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane } from './testing.ts'

const day = 86_400
const nowSeconds = () => Math.floor(Date.now() / 1000)

test.for([
  [day, /is 86(?:400|3\d\d) s ahead of/],
  [-day, /is 86[45]\d\d s behind/],
  [120, /is \d{2,3} s ahead of/],
] as const)('a plane whose clock is %i s off is told so, and the status shows it', async ([off, says]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const held = await plane.take()
  const ask = async () => {
    const authorization = `Bearer ${await plane.proof(undefined, { iat: nowSeconds() + off })}`
    return control.get('/internal/v1/snapshot?have=0', { headers: { authorization } })
  }
  const state = async () => (await control.client().snapshot.status()).planes[0]

  expect((await ask()).status).toBe(401)
  expect(await state()).toMatchObject({ standing: 'enforcing', clockOffMs: null }) // somebody may repeat an old request
  await control.db
    .updateTable('planes')
    .set({ seen_at: new Date(Date.now() - 40_000) })
    .execute()
  const refused = (await (await ask()).json()) as { error: string; error_description: string }
  expect(refused).toMatchObject({ error: 'clock', error_description: expect.stringMatching(says) })
  expect(await state()).toMatchObject({ standing: 'clock' })
  expect(Math.sign((await state())?.clockOffMs ?? 0)).toBe(Math.sign(off))
  await plane.take(held)
  expect(await state()).toMatchObject({ standing: 'enforcing', clockOffMs: null })
})

test('an operator whose clock is off is told that it is the clock', async () => {
  await using control = await aRunningControlPlane()
  const ahead = control.client(() => control.assertion({ iat: nowSeconds() + 120 }))
  await expect(ahead.users.list({})).rejects.toThrow(
    /the clock of the machine that asks is \d{2,3} s ahead of the control plane's \(here it is 20/,
  )
  const behind = control.client(() => control.assertion({ iat: nowSeconds() - day }))
  await expect(behind.users.list({})).rejects.toThrow(/the clock of the machine that asks is 86[45]\d\d s behind/)
})

test('a plane that this database does not know is told so by a code of its own', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await control.db.deleteFrom('planes').execute()
  const answer = await plane.get('/snapshot?have=0')
  expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'unknown_plane' }])
})
