import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Refusal, standIn } from '../../testing.ts'
import { aFolder, at, bir } from '../testing.ts'

const [old, newer] = ['a'.repeat(64), 'b'.repeat(64)]

/** A control plane whose policy is `inForce`; it refuses to apply for another one. */
const aGateway = (asked: object[], inForce: () => string, planned = ['add group staff']) =>
  standIn({
    groups: { list: () => ({ items: [{ handle: 'staff', title: null, members: ['alice'], membersFromProvider: ['alice'] }], next: null }) },
    policy: {
      version: () => ({ policy: inForce(), revision: 17 }),
      export: () => ({ groups: { staff: { members: [] } } }),
      plan: () => ({ edits: inForce() === old ? planned : ['remove group other'], people: [], policy: inForce() }),
      apply: ({ expectPolicy, expectRevision }) => {
        const expected = { ...(expectPolicy && { expectPolicy }), ...(expectRevision && { expectRevision }) }
        asked.push(expected)
        if (expected.expectPolicy !== undefined && expected.expectPolicy !== inForce()) throw new Refusal('conflict', 'Another policy.')
        return { revision: 18, edits: planned }
      },
    },
  })

const stdin = { readStdin: async () => 'groups: { staff: {} }\n' }

test('apply changes the policy that it found, and tells when somebody else was faster', async () => {
  const asked: object[] = []
  const seen = [old, newer]
  await using gateway = await aGateway(asked, () => seen.shift() ?? newer)
  expect(await bir(['apply', '-f', '-'], { ...at(gateway.url), ...stdin })).toEqual({
    exit: 1,
    out: '',
    err: 'bir: Somebody else changed the policy meanwhile, and nothing was applied. Run "bir plan" again, then apply.\n',
  })
  expect((await bir(['apply', '-f', '-'], { ...at(gateway.url), ...stdin })).exit).toBe(0)
  expect(asked).toEqual([{ expectPolicy: old }, { expectPolicy: newer }])
})

test('--expect takes a revision or a policy, and says what is in force instead', async () => {
  const asked: object[] = []
  await using gateway = await aGateway(asked, () => newer)
  const apply = (expected: string) => bir(['apply', '-f', '-', '--expect', expected], { ...at(gateway.url), ...stdin })
  expect((await apply('17')).exit).toBe(0)
  expect(await apply(old)).toMatchObject({ exit: 1, err: 'bir: Another policy.\n' })
  expect(await apply('abc')).toMatchObject({ exit: 2, err: expect.stringContaining('--expect takes a revision') as string })
  expect(asked).toEqual([{ expectRevision: 17 }, { expectPolicy: old }])
})

test('a kept plan is applied as it was made, or refused with what has changed since', async () => {
  await using folder = await aFolder()
  const asked: object[] = []
  let policy = old
  await using gateway = await aGateway(asked, () => policy)
  const environment = { ...at(gateway.url), ...stdin, cwd: folder.path }
  expect((await bir(['plan', '-f', '-', '-o', 'plan.json'], environment)).exit).toBe(0)
  expect((await bir(['apply', '--plan', 'plan.json'], environment)).out).toContain('add group staff\n1 change applied; revision 18')
  policy = newer
  const refused = await bir(['apply', '--plan', 'plan.json'], environment)
  expect([refused.exit, refused.err.split('\n').slice(1)]).toEqual([1, ['  + remove group other', '  - add group staff', '']])
  expect(asked).toEqual([{ expectPolicy: old }])

  await writeFile(join(folder.path, 'other.json'), '{}')
  expect(await bir(['apply', '--plan', 'other.json'], environment)).toMatchObject({
    exit: 2,
    err: expect.stringContaining('is no plan') as string,
  })
  expect((await bir(['apply', '--plan', 'plan.json', '-f', 'x.yaml'], environment)).exit).toBe(2)
  expect(JSON.parse(await readFile(join(folder.path, 'plan.json'), 'utf8'))).toMatchObject({ format: 'bir-plan/1', policy: old })
})

test('a kept plan whose file makes other changes than it shows is refused, also while the policy is the same', async () => {
  await using folder = await aFolder()
  const asked: object[] = []
  const planned = ['add group staff']
  await using gateway = await aGateway(asked, () => old, planned)
  const environment = { ...at(gateway.url), ...stdin, cwd: folder.path }
  await bir(['plan', '-f', '-', '-o', 'plan.json'], environment)
  planned.push('remove server sql', 'add group staff') // what the gateway makes of a file that was changed in it
  const refused = await bir(['apply', '--plan', 'plan.json'], environment)
  expect([refused.exit, refused.err.split('\n').slice(1)]).toEqual([1, ['  + remove server sql', '  + add group staff', '']])
  expect(refused.err).toContain('makes other changes than plan.json shows, and nothing was applied')
  expect(asked).toEqual([])
})

test('an export names the policy, and whom the identity provider made members', async () => {
  await using gateway = await aGateway([], () => old)
  const { out } = await bir(['export'], at(gateway.url))
  expect(out.split('\n').slice(0, 4)).toEqual([
    `# Policy ${old} at revision 17.`,
    '# The identity provider made these people members; this file changes nothing about them:',
    '#   staff: alice',
    '',
  ])
})

test('secrets that go with what a file removes are named before and after', async () => {
  const edits = ['remove server gitlab']
  const removed = ['3 secrets for the server gitlab']
  await using gateway = await standIn({
    policy: {
      version: () => ({ policy: old, revision: 17 }),
      plan: () => ({ edits, people: [], removed, policy: old }),
      apply: () => ({ revision: 18, edits, removed }),
    },
  })
  const environment = { ...at(gateway.url), ...stdin }
  expect((await bir(['plan', '-f', '-'], environment)).out).toContain('  destroys 3 secrets for the server gitlab\n')
  expect((await bir(['apply', '-f', '-'], environment)).out).toContain('destroyed 3 secrets for the server gitlab\n')
})
