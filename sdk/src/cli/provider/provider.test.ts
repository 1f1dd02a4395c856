import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { ProviderState, ProviderTest } from '../../contract/provider-state.ts'
import { standIn } from '../../testing.ts'
import { aFolder, at, bir } from '../testing.ts'

const corp: z.input<typeof ProviderState> = {
  handle: 'corp',
  title: 'The bank',
  issuer: 'https://idp.example',
  from: 'policy',
  signsIn: true,
  domains: ['bank.example'],
  redirectUri: 'https://gw.example/oauth/callback/corp',
  problem: null,
}
const away = { reason: 'provider-unreachable', whose: 'provider', what: 'It cannot be reached.', next: 'Try again.' }

test('providers are listed with their state, and the reason of one that does not answer goes to stderr', async () => {
  const items = [corp, { ...corp, handle: 'old', domains: [], problem: away }, { ...corp, handle: 'env', signsIn: false }]
  await using control = await standIn({ providers: { list: () => ({ items }) } })
  const { exit, out, err } = await bir(['provider', 'list'], at(control.url))
  expect(exit).toBe(0)
  expect(out.split('\n').map((line) => line.split(/\s{2,}/).slice(0, 5))).toMatchObject([
    ['provider', 'title', 'from', 'state', 'domains'],
    ['corp', 'The bank', 'policy', 'ok', 'bank.example'],
    ['old', 'The bank', 'policy', 'provider-unreachable', expect.anything()],
    ['env', 'The bank', 'policy', 'tokens only', 'bank.example'],
    [''],
  ])
  expect(err).toBe('old: It cannot be reached. Try again.\n')
  const json = await bir(['provider', 'list', '--json'], at(control.url))
  expect(JSON.parse(json.out)).toEqual({ items })
})

const tested: z.input<typeof ProviderTest> = {
  provider: 'corp',
  rule: 2,
  problem: null,
  person: {
    handle: 'ana',
    subject: 's-1',
    isNew: true,
    name: 'Ana',
    email: 'ana@bank.example',
    emailVerified: true,
    administrator: false,
    disabled: false,
    groups: ['analysts'],
  },
  unknownGroups: ['risk'],
  changes: 'created',
  notes: ['A note.'],
}

test('claims are tried out from a file, or from an id token', async () => {
  await using folder = await aFolder()
  const asked: unknown[] = []
  await using control = await standIn({
    providers: {
      test: (input) => {
        asked.push(input)
        return tested
      },
    },
  })
  const claims = { sub: 's-1', email: 'ana@bank.example' }
  await writeFile(join(folder.path, 'claims.json'), JSON.stringify(claims))
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  const { exit, out, err } = await bir(['provider', 'test', '--claims', 'claims.json'], { ...at(control.url), cwd: folder.path })
  expect([exit, err]).toEqual([0, 'A note.\n'])
  expect(out).toBe(
    `provider corp, rule 2 matches
ana (signs in for the first time)
  subject        s-1
  name           Ana
  address        ana@bank.example (verified)
  administrator  no
  groups         analysts
  not here       risk
would change: created
`,
  )
  const piped = { ...at(control.url), readStdin: async () => `${token}\n` }
  expect((await bir(['provider', 'test', '--claims', '-', '--provider', 'corp'], piped)).exit).toBe(0)
  expect(asked).toEqual([{ claims }, { claims, provider: 'corp' }])
})

test('a sign-in that would be refused exits with 3 and says why', async () => {
  const problem = { reason: 'claims-refused', whose: 'administrator', what: 'Not \u001b[2Jyou.', next: 'Ask.' }
  await using control = await standIn({ providers: { test: () => ({ ...tested, rule: null, person: null, problem }) } })
  const piped = { ...at(control.url), readStdin: async () => '{}' }
  const { exit, out } = await bir(['provider', 'test', '--claims', '-'], piped)
  expect(exit).toBe(3)
  expect(out).toContain('no rule matches')
  expect(out).toContain('refused: Not')
  expect(out).not.toContain('\u001b')
})

test('a sentence of the rules stands alone', async () => {
  const problem = { reason: 'claims-refused', whose: 'administrator', what: 'Ask the service desk.', next: '' }
  await using control = await standIn({ providers: { test: () => ({ ...tested, rule: 2, person: null, problem }) } })
  const { out } = await bir(['provider', 'test', '--claims', '-'], { ...at(control.url), readStdin: async () => '{}' })
  expect(out).toMatch(/^refused: Ask the service desk\.$/m)
})

test.for(['[]', 'rubbish', '"text"', 'a.b.c'])('a file with %s is refused with a sentence', async (text) => {
  const { exit, err } = await bir(['provider', 'test', '--claims', '-'], { ...at('http://127.0.0.1:9'), readStdin: async () => text })
  expect([exit, err]).toEqual([2, 'bir: The standard input holds neither claims as a JSON object nor an id token.\n'])
})
