import { expect, test } from 'vitest'
import { exportPolicy } from '../policy/export.ts'
import { explain } from '../policy/explain.ts'
import { plan } from '../policy/plan.ts'
import * as grants from '../grants/grants.ts'
import { addMembers } from '../groups/groups.ts'
import { aControlPlane } from '../testing.ts'
import { aGateway, asked, exchange } from '../tokens/testing.ts'
import { list as listUsers, put as putUser, setDisabled } from '../users/users.ts'
import { list, put } from './service-accounts.ts'

const servers = { charts: { kind: 'mounted' as const } }
const grant = { service: 'ci', server: 'charts', level: 'read' as const }
const file = { servers, serviceAccounts: { ci: { title: 'Pipeline', administrator: true } }, grants: [grant] }
const question = { user: 'ci', server: 'charts', tool: 'create_chart' }

test('a declared service account holds grants, is explained by its handle, and the file settles', async () => {
  await using it = await aControlPlane()
  const planned = await plan(it.ctx, { file })
  expect(planned.edits).toContain('add service account ci, an administrator')
  expect(planned.people).toMatchObject([{ user: 'ci', server: 'charts', before: 'disabled', after: 'read' }])
  await it.applied(file)
  expect((await plan(it.ctx, { file })).edits).toEqual([])
  expect(await exportPolicy(it.ctx)).toMatchObject({ serviceAccounts: file.serviceAccounts, grants: [grant] })
  const told = await explain(it.ctx, question)
  expect(told).toMatchObject({ allow: true, level: 'read', tier: 'user' })
  expect(told.because).toContain('ci is a service account.')
  expect(told.because).toContain('Grant: service ci, read on charts.')
  expect((await list(it.ctx, { first: 10 })).items).toMatchObject([{ handle: 'ci', title: 'Pipeline', administrator: true, clients: [] }])
  expect((await listUsers(it.ctx, { first: 10 })).items).toMatchObject([{ handle: 'ci', kind: 'service', provider: 'service' }])
})

test('an account that the file leaves out is disabled and its tokens are void; declared again, it is enabled', async () => {
  await using it = await aControlPlane()
  await it.applied(file)
  const { edits } = await it.applied({ serviceAccounts: { other: {} } })
  expect(edits).toEqual(['add service account other', 'service account ci is declared no more, so it is disabled'])
  const row = await it.db.selectFrom('users').selectAll().where('handle', '=', 'ci').executeTakeFirstOrThrow()
  expect(Number(row.epoch)).toBeGreaterThan(0)
  expect(await explain(it.ctx, question)).toMatchObject({ allow: false, reason: 'person-disabled' })
  expect((await exportPolicy(it.ctx)).serviceAccounts).toEqual({ other: {} })
  const back = await plan(it.ctx, { file: { serviceAccounts: { ci: {}, other: {} } } })
  expect(back.edits).toEqual(['service account ci is declared again, so it is enabled'])
  expect(back.people).toMatchObject([{ user: 'ci', before: 'disabled', after: 'read' }])
  await it.applied({ serviceAccounts: { ci: {}, other: {} } })
  expect((await list(it.ctx, { first: 10 })).items).toMatchObject([
    { id: row.id, handle: 'ci', disabled: false, administrator: false, title: null },
    { handle: 'other' },
  ])
  expect((await it.applied({ grants: [] })).edits).toEqual(['remove grant: service ci, read on charts'])
})

test('no file enables an account that an administrator disabled, and none asks again and again', async () => {
  await using it = await aControlPlane()
  await it.applied(file)
  await setDisabled(it.ctx, { handle: 'ci', disabled: true })
  expect((await it.applied(file)).edits).toEqual([])
  expect((await it.applied({ serviceAccounts: {} })).edits).toEqual([])
  expect((await it.applied(file)).edits).toEqual([])
  expect((await list(it.ctx, { first: 10 })).items).toMatchObject([{ handle: 'ci', disabled: true }])
  await setDisabled(it.ctx, { handle: 'ci', disabled: false })
  expect((await it.applied(file)).edits).toEqual([])
  expect((await list(it.ctx, { first: 10 })).items).toMatchObject([{ handle: 'ci', disabled: false }])
})

test('nobody takes a service account for a person, or a person for a service account', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await it.applied({ ...file, groups: { staff: {} } })
  const wrong = it.applied({
    users: { ci: { subject: 's' } },
    serviceAccounts: { alice: {}, ci: {} },
    groups: { staff: { members: ['ci'] } },
    grants: [
      { user: 'ci', server: 'charts', level: 'read' },
      { service: 'alice', server: 'charts', level: 'read' },
      { service: 'nobody', server: 'charts', level: 'read' },
    ],
  })
  await expect(wrong).rejects.toMatchObject({
    code: 'invalid_input',
    message: [
      'users.ci: ci is a service account: declare it under serviceAccounts',
      'serviceAccounts.alice: alice is a person: handles never change hands',
      'serviceAccounts.ci: the file declares ci under users too',
      'groups.staff: ci is a service account, and groups are of people: grant to service: ci',
      'grants[0]: ci is a service account: name it as service: ci',
      'grants[1]: alice is a person: name them as user: alice',
      'grants[2]: there is no service account nobody',
    ].join('\n'),
  })
  const refused = (promise: Promise<unknown>, message: string) => expect(promise).rejects.toMatchObject({ message })
  await refused(grants.create(it.ctx, { user: 'ci', server: 'charts', level: 'read' }), 'ci is a service account: name it as service: ci.')
  await refused(
    grants.create(it.ctx, { service: 'alice', server: 'charts', level: 'read' }),
    'alice is a person: name them as user: alice.',
  )
  await refused(
    addMembers(it.ctx, { handle: 'staff', members: ['ci'] }),
    'ci is a service account, and groups are of people: grant to service: ci.',
  )
  await refused(put(it.ctx, { handle: 'alice' }), 'The handle alice is that of a person: handles never change hands.')
  const person = { handle: 'ci', provider: 'demo', subject: 'ci' }
  await refused(putUser(it.ctx, person), 'The handle ci is that of a service account: handles never change hands.')
  await refused(
    putUser(it.ctx, { ...person, handle: 'eve', provider: 'service' }),
    'provider: service stands for service accounts, which serviceAccounts.put makes.',
  )
  expect(await grants.list(it.ctx, { first: 10, service: 'ci' })).toMatchObject({ items: [grant] })
})

test('a service account is not who lets people in again: the last person who administers keeps the role', async () => {
  await using it = await aControlPlane()
  await putUser(it.ctx, { handle: 'ann', provider: 'demo', subject: 'ann', administrator: true })
  await put(it.ctx, { handle: 'ci', title: 'Pipeline', administrator: true })
  await expect(setDisabled(it.ctx, { handle: 'ann', disabled: true })).rejects.toMatchObject({ code: 'conflict' })
  expect(await put(it.ctx, { handle: 'ci', title: null })).toMatchObject({ title: null, administrator: true, disabled: false })
  expect(await put(it.ctx, { handle: 'ci', administrator: false })).toMatchObject({ administrator: false })
  expect(it.recorded.map(({ action, target, detail }) => [action, target, detail])).toContainEqual([
    'serviceAccounts.put',
    'ci',
    'created, title Pipeline, administrator true',
  ])
})

test('nobody signs in with the handle or in place of a service account', async () => {
  await using made = await aGateway()
  await made.control.client().serviceAccounts.put({ handle: 'ci' })
  const { status, body } = await asked(made.control, exchange(await made.idp.sign({ claims: { sub: 'ci', preferred_username: 'ci' } })))
  expect([status, body.error]).toEqual([400, 'invalid_grant'])
  expect(body.error_description).toContain('The handle ci is that of a service account: handles never change hands.')
})
