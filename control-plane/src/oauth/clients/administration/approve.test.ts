import { expect, test } from 'vitest'
import { exportPolicy } from '../../../policy/export.ts'
import { plan } from '../../../policy/plan.ts'
import { version } from '../../../policy/version.ts'
import { aControlPlane } from '../../../testing.ts'
import { approve } from './approve.ts'
import { create, list } from './clients.ts'

const page = { first: 10 }
const redirectUris = ['https://desk.example/cb']
const document = 'https://assistant.example/client.json'

test('to approve a client changes the policy as a file does: it is recorded, exported, and drift that a plan shows', async () => {
  await using it = await aControlPlane()
  const { clientId } = await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris })
  const clients = { metadataHosts: ['10.0.0.1'], approved: ['claude.ai'] }
  await it.applied({ clients })
  const { policy } = await version(it.ctx)
  await approve(it.ctx, { client: 'desk', approved: true })
  expect((await list(it.ctx, page)).items).toMatchObject([{ clientId, approved: true }])
  expect(it.recorded.at(-1)).toMatchObject({
    action: 'clients.approve',
    target: 'desk',
    detail: `add to clients.approved: ${clientId}`,
    actor: 'operator:test',
  })
  expect((await exportPolicy(it.ctx)).clients).toEqual({ ...clients, approved: ['claude.ai', clientId] })
  expect((await version(it.ctx)).policy).not.toBe(policy)
  expect((await plan(it.ctx, { file: { clients } })).edits).toEqual([`remove from clients.approved: ${clientId}`])
  const records = it.recorded.length
  await approve(it.ctx, { client: clientId, approved: true })
  expect(it.recorded).toHaveLength(records)

  await approve(it.ctx, { client: clientId, approved: false })
  expect((await exportPolicy(it.ctx)).clients).toEqual(clients)
  expect((await version(it.ctx)).policy).toBe(policy)
})

test('a client that a file approved by its handle is approved no more, and a section that says nothing goes', async () => {
  await using it = await aControlPlane()
  await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris })
  await it.applied({ clients: { approved: ['desk'] } })
  await approve(it.ctx, { client: 'desk', approved: false })
  expect(await it.db.selectFrom('policy_sections').selectAll().execute()).toEqual([])
  await approve(it.ctx, { client: document, approved: true })
  await approve(it.ctx, { client: 'bir', approved: true })
  expect((await exportPolicy(it.ctx)).clients).toEqual({ approved: [document, 'bir'] })
})

test('who names the redirect URIs that they have seen approves no client that has changed them since', async () => {
  await using it = await aControlPlane()
  const uris = [...redirectUris, 'https://desk.example/other']
  await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris: uris })
  for (const seen of [redirectUris, [], [...redirectUris, ...redirectUris], [...uris, 'https://evil.example/cb']])
    await expect(approve(it.ctx, { client: 'desk', approved: true, redirectUris: seen })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(uris.join(', ')),
    })
  for (const client of [document, 'bir'])
    await expect(approve(it.ctx, { client, approved: true, redirectUris: [] })).rejects.toMatchObject({ code: 'invalid_input' })
  expect(await it.db.selectFrom('policy_sections').selectAll().execute()).toEqual([])
  await approve(it.ctx, { client: 'desk', approved: true, redirectUris: uris.toReversed() })
  expect((await list(it.ctx, page)).items).toMatchObject([{ approved: true }])
})

test('what a later version keeps in the section stays', async () => {
  await using it = await aControlPlane()
  const value = JSON.stringify({ later: [1] })
  await it.db.insertInto('policy_sections').values({ name: 'clients', value }).execute()
  await approve(it.ctx, { client: document, approved: true })
  expect(await it.db.selectFrom('policy_sections').select('value').execute()).toEqual([{ value: { later: [1], approved: [document] } }])
})

test.for([
  [{}, 'nobody', true, 'not_found', 'nobody'],
  [{}, 'https://assistant.example/../x', true, 'invalid_input', 'as a browser writes it'],
  [{}, 'ci', true, 'conflict', 'nobody is asked for consent'],
  [{ allow: 'listed' }, document, true, 'conflict', 'does not admit'],
  [{ metadataDocuments: 'off' }, document, true, 'conflict', 'takes no metadata documents'],
  [{ approved: ['assistant.example'] }, document, false, 'conflict', 'approves the host'],
] as const)('beside the section %j, %s (approved: %s) is refused as %s', async ([clients, client, approved, code, says]) => {
  await using it = await aControlPlane()
  await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  await it.applied({ clients: structuredClone<object>(clients) })
  await expect(approve(it.ctx, { client, approved })).rejects.toMatchObject({ code, message: expect.stringContaining(says) })
})
