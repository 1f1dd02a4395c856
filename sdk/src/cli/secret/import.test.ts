import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ImportedItem } from '../../contract/secret-import.ts'
import { standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

const item = (name: string, outcome: ImportedItem['outcome']): ImportedItem => ({
  key: `mcp/${name}`,
  system: 'gitlab',
  user: name,
  server: 'gitlab',
  outcome,
  says: 'GitLab knows it.',
})

/** A control plane that has two documents, one a call. */
async function aControlPlane(...outcomes: [ImportedItem['outcome'], ImportedItem['outcome']]) {
  const asked: object[] = []
  const control = await standIn({
    secrets: {
      import: (input) => {
        asked.push(input)
        const levels = [{ user: 'alice', server: 'gitlab', level: 'write' as const }]
        const tables = [{ user: 'bob', server: 'sql', connection: 'bank', allow: ['public.a'] }]
        if (input.cursor === undefined)
          return { items: [item('alice', outcomes[0])], levels, tables: [], documents: 2, done: 1, resume: 'mcp/alice' }
        return { items: [item('bob', outcomes[1])], levels: [], tables, documents: 2, done: 2, resume: null }
      },
    },
  })
  return { url: control.url, asked, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

test('an import goes on until all is done, says how far it is, and prints what became of what, and a fragment of a policy', async () => {
  await using control = await aControlPlane('imported', 'same')
  const { exit, out, err } = await bir(['secrets', 'import', '--from', 'vault:secret/mcp'], at(control.url))
  expect(exit).toBe(0)
  expect(err).toBe('1 of 2 documents are done.\n2 of 2 documents are done.\n')
  expect(out).toMatch(/^key +system +person +outcome +why\nmcp\/alice +gitlab +alice +imported +GitLab knows it\.\nmcp\/bob .* same /)
  expect(out).toContain('\n1 imported, 1 same.\n')
  expect(parse(out.slice(out.indexOf('# What people could')))).toEqual({
    grants: [{ user: 'alice', server: 'gitlab', level: 'write' }],
    restrictions: [{ user: 'bob', server: 'sql', connection: 'bank', allow: ['public.a'] }],
  })
  expect(control.asked).toEqual([{ from: 'vault:secret/mcp' }, { from: 'vault:secret/mcp', cursor: 'mcp/alice' }])
})

test('what was not taken over makes the exit 3; a dry run says so to the gateway; JSON is a line an item', async () => {
  await using control = await aControlPlane('would_try', 'no_person')
  const { exit, out } = await bir(['secret', 'import', '--from', 'consul:mcp/', '--dry-run', '--json'], at(control.url))
  expect(exit).toBe(3)
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(lines).toHaveLength(3)
  expect(lines[0]).toEqual(item('alice', 'would_try'))
  expect(lines[2]).toMatchObject({ levels: [{ user: 'alice' }], tables: [{ user: 'bob' }] })
  expect(control.asked[0]).toEqual({ from: 'consul:mcp/', dryRun: true })
})
