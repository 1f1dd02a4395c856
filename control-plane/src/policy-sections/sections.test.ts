import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { expect, test } from 'vitest'
import { exportPolicy } from '../policy/export.ts'
import { plan } from '../policy/plan.ts'
import { version } from '../policy/version.ts'
import { aControlPlane } from '../testing.ts'

const clients = { allow: 'listed', listed: ['c-1', 'c-2'], approved: ['claude.ai'] } as const

test('a section is stored as the file has it, exported again, and part of the hash of the policy', async () => {
  await using it = await aControlPlane()
  const { policy: before } = await version(it.ctx)
  const file = PolicyFile.parse({ clients })
  expect(await plan(it.ctx, { file })).toMatchObject({
    edits: [
      'change clients.allow: default -> listed',
      'add to clients.approved: claude.ai',
      'add to clients.listed: c-1',
      'add to clients.listed: c-2',
    ],
    people: [],
    policy: before,
  })
  await it.applied(file)
  expect(await exportPolicy(it.ctx)).toMatchObject({ clients })
  expect((await version(it.ctx)).policy).not.toBe(before)
  expect(await it.applied(file)).toMatchObject({ edits: [] })
})

test('a section that is present is complete; one that is absent stays; one that says nothing goes', async () => {
  await using it = await aControlPlane()
  await it.applied(PolicyFile.parse({ clients }))
  expect(await it.applied({ groups: {} })).toMatchObject({ edits: [] })
  expect(await it.applied({ clients: { allow: 'listed', listed: ['c-2'] } })).toMatchObject({
    edits: ['remove from clients.approved: claude.ai', 'remove from clients.listed: c-1'],
  })
  expect(await it.applied({ clients: {} })).toMatchObject({
    edits: ['change clients.allow: listed -> default', 'remove from clients.listed: c-2'],
  })
  expect(Object.keys(await exportPolicy(it.ctx))).not.toContain('clients')
  expect(await it.db.selectFrom('policy_sections').selectAll().execute()).toEqual([])
})

test('what a later version has stored beside is not touched', async () => {
  await using it = await aControlPlane()
  const later = { name: 'later' as 'clients', value: JSON.stringify({ x: 1 }) }
  await it.db.insertInto('policy_sections').values(later).execute()
  await it.applied({ clients: { approved: ['claude.ai'] } })
  await it.applied({ clients: {} })
  expect(await it.db.selectFrom('policy_sections').selectAll().execute()).toEqual([{ name: 'later', value: { x: 1 } }])
  expect(Object.keys(await exportPolicy(it.ctx))).not.toContain('later')
})

test.for([
  [{ domains: ['example.com'] }, 'clients: listed and domains admit clients only beside allow: listed'],
  [{ allow: 'some' }, 'clients.allow'],
  [{ metadataHosts: ['https://a.example'] }, 'clients.metadataHosts[0]: is a host in lower case'],
  [{ allow: 'listed', domains: ['*'] }, 'clients.domains[0]: is a host in lower case'],
  [{ allow: 'listed', domains: ['A.example'] }, 'clients.domains[0]: is a host in lower case'],
  [{ lists: [] }, 'clients'],
] as const)('a section %j is refused with its place', ([section, fault]) => {
  const parsed = PolicyFile.safeParse({ clients: section })
  expect(parsed.error && schemaFaults(parsed.error)).toContain(fault)
})
