import { expect, test } from 'vitest'
import { api } from '@bir/sdk/contract/api'
import { operations } from '../faces/operations.ts'
import { perform, procedures } from './perform.ts'
import type { OperationPath } from './perform.ts'
import { aControlPlane } from '../testing.ts'
import type { Ctx } from './context.ts'
import { z } from 'zod'

const at = (path: OperationPath) => {
  const procedure = procedures.find((one) => one.path === path)
  if (!procedure) throw new Error(`no ${path}`)
  return procedure
}

test('every operation of the contract is listed and implemented', () => {
  const paths = Object.entries(api).flatMap(([group, of]) => Object.keys(of).map((name) => `${group}.${name}`))
  const done = Object.entries(operations).flatMap(([group, of]) => Object.keys(of).map((name) => `${group}.${name}`))
  expect(procedures.map(({ path }) => path)).toEqual(paths)
  expect(done.sort()).toEqual(paths.sort())
})

test('a person who is not an administrator may call only the operations for themselves, about themselves', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await it.aPerson('bob')
  const alice = await it.as('alice')
  for (const procedure of procedures.filter(({ who }) => who !== 'anyone')) {
    const given = { user: 'bob', server: 'sql', tool: 'list_tables', handle: 'bob', level: 'read' }
    await expect(perform(operations, alice, procedure, given), procedure.path).rejects.toMatchObject({
      code: expect.stringMatching(/^(forbidden|invalid_input)$/),
    })
  }
  await expect(perform(operations, alice, at('selections.get'), { user: 'bob' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(perform(operations, alice, at('selections.get'), { user: 'nobody' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(perform(operations, alice, at('selections.get'), { user: 'alice' })).resolves.toEqual({ servers: {} })
})

test('what is for anyone answers everybody who is signed in about themselves', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  const alice = await it.as('alice')
  const session = { sid: '0193f0e8-7b7a-7c3e-8a10-2f8a5b1c9d00', client: 'bir' }
  const asked = (ctx: Ctx) => perform(operations, ctx, at('users.me'), {})
  const known = { handle: 'alice', name: null, administrator: false, kind: 'person', groups: [] }
  await expect(asked(alice)).resolves.toEqual(known)
  await expect(asked({ ...alice, actor: { ...alice.actor, ...session } })).resolves.toEqual({ ...known, ...session })
  await expect(asked(it.ctx)).resolves.toEqual({ ...known, handle: 'operator:test', administrator: true, kind: 'operator' })
})

test('an operation about oneself takes the name of the person as `user`', () => {
  const inputs = procedures.filter(({ who }) => who === 'self').map(({ input }) => z.toJSONSchema(input).required)
  expect(inputs.length).toBeGreaterThan(0)
  for (const required of inputs) expect(required).toContain('user')
})

test('an operator with the name of a person may not act as that person', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  const stranger = { ...it.ctx, actor: { id: 'x', label: 'alice', administrator: false } }
  await expect(perform(operations, stranger, at('selections.get'), { user: 'alice' })).rejects.toMatchObject({ code: 'forbidden' })
})

test('invalid input is refused with a message that names each fault', async () => {
  await using it = await aControlPlane()
  const asked = perform(operations, it.ctx, at('grants.create'), { user: 'Alice!', server: 'sql', level: 'root', conditions: {} })
  await expect(asked).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringMatching(/^(?!.*✖)(?=.*\bconditions\b)(?=.*\buser: )(?=.*\blevel: ).+$/),
  })
})
