import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { SecretResultVerdict } from '../../contract/secret-entities.ts'
import type { Secret, SecretEvent } from '../../contract/secret-entities.ts'
import type { SecretForm } from '../../contract/secret-form.ts'
import { Refusal, standIn } from '../../testing.ts'
import type { Ask } from '../base/environment.ts'
import { aFolder, at, bir, startedIn } from '../testing.ts'

/** No real token, and made anew each time, so that nothing else has it. */
const canary = `canary-${randomBytes(9).toString('hex')}`

const token = { name: 'token', title: 'Personal access token', help: 'With the scope api.', lines: false, required: true }
const form: z.input<typeof SecretForm> = {
  server: 'gitlab',
  fields: [token],
  createAt: 'https://gitlab.example/tokens',
  page: 'https://portal.example/secrets#gitlab',
  scopes: { read: ['read_api'] },
  order: ['person', 'group', 'shared'],
  proven: true,
}
const good = {
  saved: true,
  verdict: 'ok' as const,
  says: 'GitLab knows it.',
  owner: { login: 'bob', name: 'Bob', email: 'bob@example.com' },
  scopes: ['api', 'read_user'],
  level: 'write' as const,
  expiresAt: '2027-05-01T00:00:00Z',
  warnings: ['The scope sudo is more than any tool needs.'],
  state: 'ok' as const,
  revision: 8,
}
const bad = { saved: false, verdict: 'invalid' as const, says: 'GitLab does not know it, or it was revoked.' }

/** A control plane that notes what it gets. */
async function aControlPlane(answer: typeof good | typeof bad | Refusal = good, fields: SecretForm['fields'] = [token]) {
  const asked: { server: string; fields: Record<string, string> }[] = []
  const control = await standIn({
    secrets: {
      form: () => ({ ...form, fields }),
      put: (input) => {
        asked.push(input)
        if (answer instanceof Refusal) throw answer
        return answer
      },
    },
  })
  return { url: control.url, asked, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

const onStdin = (text: string) => ({ readStdin: async () => text })
const put = (url: string, args: string[], more: Parameters<typeof bir>[1] = onStdin(`${canary}\n`)) =>
  bir(['secret', 'put', 'gitlab', ...args], { ...at(url), ...more })

test('put sends what stdin has without its line end, and says the word first, then whose it is', async () => {
  await using control = await aControlPlane()
  const { exit, out, err } = await put(control.url, ['--user', 'bob'])
  expect([exit, err]).toEqual([0, ''])
  expect(out.split('\n')).toEqual([
    'ok',
    'GitLab knows it.',
    'Saved as the secret of bob for gitlab.',
    '  owner    bob (Bob, bob@example.com)',
    '  scopes   api, read_user',
    '  level    write',
    '  expires  2027-05-01T00:00:00Z',
    '  warning  The scope sudo is more than any tool needs.',
    '',
  ])
  expect(control.asked).toEqual([{ server: 'gitlab', user: 'bob', fields: { token: canary } }])
})

test('put exits with 3 for a secret that is not good, with the reason and where another one is made', async () => {
  await using control = await aControlPlane(bad)
  const { exit, out } = await put(control.url, [])
  expect(exit).toBe(3)
  expect(out.split('\n')).toEqual([
    'invalid',
    'GitLab does not know it, or it was revoked.',
    'Nothing was saved.',
    'You make one at https://gitlab.example/tokens',
    '',
  ])
  const json = await put(control.url, ['--json'])
  expect([json.exit, JSON.parse(json.out)]).toEqual([3, bad])
})

test('too many tries are a failure, and not a verdict', async () => {
  await using control = await aControlPlane(new Refusal('conflict', 'Too many tries: try again in 42 seconds.'))
  const { exit, out, err } = await put(control.url, [])
  expect([exit, out, err]).toEqual([1, '', 'bir: Too many tries: try again in 42 seconds.\n'])
})

test.for<[name: string, args: string[], says: RegExp]>([
  ['as a second argument', ['gitlab', canary], /A secret never does/],
  ['as an option that there is not', ['gitlab', `--token=${canary}`], /A secret never does/],
  ['behind such an option', ['gitlab', '--token', canary], /A secret never does/],
  ['behind the name of a field', ['gitlab', '--field', `token=${canary}`], /A value is never given on the command line/],
  ['in place of a field', ['gitlab', '--field', canary], /Write --field <name>=-/],
  ['in place of the name of a field', ['gitlab', '--field', `${canary}=-`], /no field of the name in --field/],
  ['in place of the server', [canary.toUpperCase()], /id of a server/],
  ['in place of the server, in the form of a token', [`glpat-${canary}`], /this looks like a personal access token of GitLab/],
])('a secret on the command line, %s, is refused and not repeated', async ([, args, says]) => {
  await using control = await aControlPlane()
  const { exit, out, err } = await bir(['secret', 'put', ...args], { ...at(control.url), ...onStdin('other') })
  expect([exit, out, err]).toEqual([2, '', expect.stringMatching(says)])
  expect(err.toLowerCase()).not.toContain(canary)
  expect(control.asked).toEqual([])
})

test.for<[text: string, says: string]>([
  ['', 'token: it is empty'],
  ['   \n', 'token: it is blank'],
  [` ${canary}\n`, 'token: it begins or ends with a blank'],
  [`${canary} \n`, 'token: it begins or ends with a blank'],
  [`${canary}\n${canary}\n`, 'token: it has a line break'],
  [`${canary}\n\n`, 'token: it has a line break'],
  [`${canary}\u0007x`, 'token: it has a control character inside'],
  [`${canary}\u200B\n`, 'token: it has an invisible character inside (U+200B)'],
  [`\uFEFF${canary}`, 'token: it begins or ends with a blank'],
  [`Bearer ${canary}`, 'token: it begins with the name of a header or scheme'],
  [`${canary}\uFFFD`, 'token: it is no text in UTF-8'],
  [canary.repeat(5000), 'are the most'],
])('what cannot be a value is refused by name before anything is sent', async ([text, says]) => {
  await using control = await aControlPlane()
  const { exit, out, err } = await put(control.url, [], onStdin(text))
  expect([exit, out, err]).toEqual([2, '', expect.stringContaining(says)])
  expect(err).not.toContain(canary)
  expect(control.asked).toEqual([])
})

test('a field with lines keeps them, but for one line end', async () => {
  const pem = '-----BEGIN X-----\nAA==\n-----END X-----\n'
  await using control = await aControlPlane(good, [{ ...token, name: 'key', lines: true }])
  await put(control.url, [], onStdin(`${pem}\n`))
  expect(control.asked[0]?.fields).toEqual({ key: pem })
})

const user = { name: 'user', title: 'Log-in name', lines: false, required: true }
const note = { name: 'note', title: 'Note', lines: false, required: false }

test('with several fields, stdin gives those that the command line names, a line each', async () => {
  await using control = await aControlPlane(good, [user, token])
  const unnamed = await put(control.url, [], onStdin('bob\n'))
  expect([unnamed.exit, unnamed.err]).toEqual([2, expect.stringContaining('--field user=- --field token=-')])
  await put(control.url, ['--field', 'token=-', '--field', 'user=-'], onStdin(`${canary}\nbob\n`))
  await put(control.url, ['--field', 'token=-'])
  expect(control.asked.map(({ fields }) => fields)).toEqual([{ token: canary, user: 'bob' }, { token: canary }])
  const short = await put(control.url, ['--field', 'token=-', '--field', 'user=-'], onStdin('bob\n'))
  expect([short.exit, short.err]).toEqual([2, expect.stringContaining('stdin has one line, and --field names 2 fields')])
})

test('on a terminal a person is asked for each field by its title, and leaves out what need not be', async () => {
  await using control = await aControlPlane(good, [user, token, note])
  const questions: string[] = []
  const answers = ['bob', `${canary}\n`, '']
  const ask: Ask = {
    hidden: async (question) => (questions.push(question), answers[questions.length - 1] ?? ''),
    confirm: async () => false,
  }
  const { exit, err } = await put(control.url, [], { ask })
  expect(exit).toBe(0)
  expect(questions).toEqual([
    'Log-in name (it is not shown): ',
    'Personal access token (it is not shown): ',
    'Note (it is not shown; Enter leaves it out): ',
  ])
  expect(err).toBe('You make one at https://gitlab.example/tokens\nWith the scope api.\n')
  expect(control.asked[0]?.fields).toEqual({ user: 'bob', token: canary })
})

test('the operator says whose secret it is before anybody types one', async () => {
  await using folder = await aFolder()
  await using control = await aControlPlane()
  await startedIn(folder.path, control.url)
  const readStdin = () => Promise.reject(new Error('asked too early'))
  const { exit, err } = await bir(['secret', 'put', 'gitlab'], { env: { BIR_HOME: folder.path }, readStdin })
  expect([exit, err]).toEqual([2, expect.stringContaining('--user, --group or --shared')])
  const two = await put(control.url, ['--user', 'bob', '--shared'])
  expect([two.exit, two.err]).toEqual([2, expect.stringContaining('A secret has one holder')])
})

test('check says the word, and the state that follows', async () => {
  await using control = await standIn({ secrets: { check: ({ server }) => ({ ...bad, says: `${server} revoked it.`, state: 'invalid' }) } })
  const { exit, out } = await bir(['secret', 'check', 'gitlab'], at(control.url))
  expect([exit, out]).toEqual([3, 'invalid\ngitlab revoked it.\nState of your secret for gitlab: invalid.\n'])
})

const id = '01980000-0000-7000-8000-0000000000aa'
const row: z.input<typeof Secret> = {
  id,
  server: 'gitlab',
  holder: { kind: 'person', handle: 'bob' },
  fields: ['token'],
  state: 'expiring',
  owner: { login: 'bob' },
  scopes: ['api'],
  level: 'write',
  expiresAt: '2026-12-20T00:00:00Z',
  savedAt: '2026-11-22T08:00:00Z',
  savedBy: 'bob',
  checkedAt: '2026-11-22T08:00:00Z',
  store: 'vault',
  unchecked: false,
}

test('list shows state, holder, owner and end, over all pages', async () => {
  const asked: object[] = []
  const shared = { ...row, holder: { kind: 'shared' as const, handle: null }, owner: null, expiresAt: null, state: 'ok' as const }
  const group = { ...shared, holder: { kind: 'group' as const, handle: 'developers' } }
  await using control = await standIn({
    secrets: {
      list: (input) => (
        asked.push(input),
        input.after === undefined ? { items: [row], next: 'more' } : { items: [shared, group], next: null }
      ),
    },
  })
  const { exit, out } = await bir(['secret', 'list', '--state', 'expiring', '--user', 'bob'], at(control.url))
  expect(exit).toBe(0)
  expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 6))).toEqual([
    ['server', 'holder', 'state', 'owner', 'level', 'expires'],
    ['gitlab', 'bob', 'expiring', 'bob', 'write', '2026-12-20T00:00:00Z'],
    ['gitlab', 'shared', 'ok', '-', 'write', '-'],
    ['gitlab', 'group developers', 'ok', '-', 'write', '-'],
    [''],
  ])
  expect(asked[1]).toEqual({ first: 500, after: 'more', user: 'bob', state: 'expiring' })
  const json = await bir(['secret', 'list', '--json'], at(control.url))
  expect(
    json.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as typeof row).state),
  ).toEqual(['expiring', 'ok', 'ok'])
  expect((await bir(['secret', 'list', '--state', 'fine'], at(control.url))).exit).toBe(2)
})

test('erase needs a holder and --yes, and says what is gone', async () => {
  const asked: unknown[] = []
  await using control = await standIn({
    secrets: { erase: (input) => (asked.push(input), { revision: 9, removed: ['secret for gitlab'] }) },
  })
  const erase = (...args: string[]) => bir(['secret', 'erase', ...args], at(control.url))
  expect((await erase('--yes')).exit).toBe(2)
  expect((await erase('--user', 'bob')).exit).toBe(2)
  expect(asked).toEqual([])
  expect((await erase('--user', 'bob', '--yes')).out).toContain('Destroyed from revision 9 on: the secrets of bob for gitlab.')
  await erase('--group', 'devs', '--yes')
  expect(asked).toEqual([{ user: 'bob' }, { group: 'devs' }])
})

test('delete asks on a terminal, and needs --yes elsewhere', async () => {
  const asked: object[] = []
  await using control = await standIn({ secrets: { delete: (input) => (asked.push(input), { revision: 9 }) } })
  const answering = (yes: boolean): Partial<Parameters<typeof bir>[1]> => ({ ask: { hidden: async () => '', confirm: async () => yes } })
  const run = (args: string[], more: Parameters<typeof bir>[1] = {}) =>
    bir(['secret', 'delete', 'gitlab', ...args], { ...at(control.url), ...more })
  expect([(await run([])).exit, (await run([], answering(false))).exit, asked]).toEqual([2, 3, []])
  const { exit, out } = await run(['--user', 'bob'], answering(true))
  expect([exit, out]).toEqual([
    0,
    expect.stringMatching(/^Destroyed from revision 9 on: the secret of bob for gitlab\. At its service it is still good/),
  ])
  expect((await run(['--yes', '--json'])).out).toBe('{"revision":9}\n')
  expect(asked).toEqual([{ server: 'gitlab', user: 'bob' }, { server: 'gitlab' }])
})

test('history shows what happened, who did it, and what the service said', async () => {
  const event: z.input<typeof SecretEvent> = {
    id,
    at: '2026-11-22T08:00:00Z',
    by: 'plane:local',
    act: 'checked',
    server: 'gitlab',
    holder: { kind: 'person', handle: 'bob' },
    version: 2,
    state: 'invalid',
    verdict: 'invalid',
    says: 'GitLab does not know it.',
  }
  await using control = await standIn({ secrets: { history: () => ({ items: [event], next: null }) } })
  const { out } = await bir(['secret', 'history', '--server', 'gitlab'], at(control.url))
  expect(out.split('\n')[1]).toMatch(/plane:local +checked +gitlab +bob +invalid +invalid +GitLab does not know it\.$/)
  expect(JSON.parse((await bir(['secret', 'history', '--json'], at(control.url))).out)).toEqual(event)
})

test('form shows the fields, where a secret is made, and the scopes that each level needs', async () => {
  await using control = await standIn({ secrets: { form: () => form } })
  const { out } = await bir(['secret', 'form', 'gitlab'], at(control.url))
  expect(out.split('\n')).toEqual([
    'token: Personal access token. With the scope api.',
    'You make one at https://gitlab.example/tokens',
    'You give it at https://portal.example/secrets#gitlab, or by "bir secret put gitlab".',
    'The tools of level read need the scopes read_api.',
    'gitlab uses the first that there is of: person, group, shared.',
    'It is tried against the service before it is saved.',
    '',
  ])
})

test("a shared secret that only the settings name is said to be no person's", async () => {
  await using control = await standIn({ secrets: { form: () => ({ ...form, createAt: undefined, scopes: undefined, order: [] }) } })
  const { out } = await bir(['secret', 'form', 'gitlab', '--shared'], at(control.url))
  expect(out.split('\n')).toContain('The settings of gitlab name it: people give none.')
})

test('put for a server that needs no secret says so, and sends nothing', async () => {
  await using control = await aControlPlane(good, [])
  const { exit, err } = await put(control.url, [])
  expect([exit, err]).toEqual([2, expect.stringMatching(/^bir: gitlab needs no such secret: nothing was sent/)])
  expect(control.asked).toEqual([])
})

test('the help of put names every verdict that it may print', async () => {
  const { out } = await bir(['secret', 'put', '--help'], {})
  const words = /Prints what the service said: ([^.]*)\./.exec(out.replaceAll(/\s+/g, ' '))?.[1]?.split(/, | or /)
  for (const word of SecretResultVerdict.options) expect(words).toContain(word)
})
