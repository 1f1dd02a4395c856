import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallContext } from '../../server-kit/context.ts'
import { within } from '../../testing/waiting.ts'
import { chooseConnection } from './connection/open-connection.ts'
import { SqlSettings } from './connection/settings.ts'
import server from './index.ts'
import { inReadOnlyTransaction } from './postgres/session/transaction.ts'
import { aBank, failure } from './testing.ts'
import type { Bank } from './testing.ts'

const people = ['ann', 'ben'] as const
type Name = (typeof people)[number]

let bank: Bank
/** What each person logs in with: a test changes it. */
const logIns: Record<Name, { login: string; word: string }> = { ann: { login: '', word: '' }, ben: { login: '', word: '' } }

beforeAll(async () => {
  bank = await aBank()
  for (const name of people) {
    logIns[name] = { login: `${name}_${bank.role}`, word: `open-${name}` }
    await bank.owner.query(`create role ${logIns[name].login} login password '${logIns[name].word}'`)
    await bank.owner.query(`grant usage on schema public to ${logIns[name].login}; grant select on customers to ${logIns[name].login}`)
  }
})
afterAll(async () => {
  for (const name of people) await bank.owner.query(`drop owned by ${name}_${bank.role}; drop role ${name}_${bank.role}`)
  await bank[Symbol.asyncDispose]()
})

const personal = { user: { secret: 'login', of: 'person' }, password: { secret: 'word', of: 'person' } }

/** The context of a call of this person, whose secrets are read as the gateway does. */
function contextOf(name: Name): CallContext {
  return {
    ...bank.context({ settings: personal }),
    caller: { id: name, handle: name, groups: [] },
    readSecret: async ({ secret, of }) => (of === 'person' ? ((logIns[name] as Record<string, string>)[secret] ?? '') : ''),
  }
}

/** Whose session a call of this person gets, which no statement may ask. */
function ask(name: Name): Promise<{ user: string; pid: number }> {
  const context = contextOf(name)
  const connection = chooseConnection({ ...context, settings: SqlSettings.parse(context.settings) }, undefined)
  return inReadOnlyTransaction(connection, async (client) => {
    const { rows } = await client.query<{ user: string; pid: number }>('select session_user as user, pg_backend_pid() as pid')
    return rows[0] ?? { user: '', pid: 0 }
  })
}

const options = { signal: new AbortController().signal, readSecret: () => Promise.reject(new Error('none')) }
const prove = (fields: Record<string, string>, more: object = {}) =>
  server.secret?.prove({ ...bank.context({ settings: { ...personal, ...more } }).settings }, fields, options)

test('of two people who ask at once, each logs in as themselves, in sessions that the other never gets', async () => {
  const asked = Array.from({ length: 12 }, (_, at) => people[at % 2] as Name)
  const answers = await within(Promise.all(asked.map(async (name) => ({ name, ...(await ask(name)) }))), 'the answers')
  const owners = new Map<unknown, Name>()
  for (const { name, user, pid } of answers) {
    expect(user).toBe(logIns[name].login)
    expect(owners.get(pid) ?? name).toBe(name)
    owners.set(pid, name)
  }
})

test('a log-in that changed opens new sessions, and the old ones end', async () => {
  const { pid: before } = await ask('ann')
  const sessions = async () => (await bank.owner.query('select from pg_stat_activity where pid = $1', [before])).rowCount
  await bank.owner.query(`alter role ${logIns.ann.login} password 'another-word'`)
  logIns.ann = { ...logIns.ann, word: 'another-word' }
  const { user, pid: after } = await ask('ann')
  expect(user).toBe(logIns.ann.login)
  expect(after).not.toBe(before)
  await expect.poll(sessions, { message: 'the end of the old session' }).toBe(0)
})

test('a password that the database does not accept is the person’s to renew', async () => {
  const { word } = logIns.ben
  logIns.ben = { ...logIns.ben, word: 'wrong' }
  const error = await failure(bank.call('execute_query', { query: 'select 1' }, contextOf('ben')))
  expect(error).toMatchObject({ code: 'secret_invalid', message: 'The database does not accept your log-in.' })
  logIns.ben = { ...logIns.ben, word }
  expect(await ask('ben')).toMatchObject({ user: logIns.ben.login })
})

test('a log-in is proven by the database, which says whose it is and until when', async () => {
  const { login, word } = logIns.ann
  expect(await prove({ login, word })).toEqual({ verdict: 'ok', says: expect.stringContaining(login) as string, owner: { login } })
  await bank.owner.query(`alter role ${login} createdb valid until '2100-01-01T00:00:00Z'`)
  expect(await prove({ login, word })).toMatchObject({ verdict: 'ok', excess: ['CREATEDB'], expiresAtMs: Date.UTC(2100, 0, 1) })
})

test('a wrong password, a superuser and a database that is away are told apart, in words without the password', async () => {
  const { login } = logIns.ann
  const superuser = bank.owner
  const verdicts = [
    await prove({ login, word: 'not-the-word' }),
    await prove({ login: superuser.user ?? '', word: superuser.password ?? '' }),
    await prove({ login, word: 'not-the-word' }, { port: 1 }),
    await prove({ login, word: 'not-the-word' }, { database: 'nowhere' }),
  ]
  expect(verdicts.map((verdict) => verdict?.verdict)).toEqual([
    'invalid',
    'wrong_kind',
    'unreachable',
    expect.stringMatching(/invalid|insufficient_scope/),
  ])
  expect(JSON.stringify(verdicts)).not.toContain('not-the-word')
})

test('the password of a role that all share is tried where it is used, and people’s log-ins are not tried there', async () => {
  const { role, owner } = bank
  const one = { kind: 'postgres', host: owner.host, port: owner.port, database: owner.database }
  const shared = { ...one, user: role, password: { secret: 'bank-password' } }
  const settings = { connections: { shared, own: { ...one, ...personal } } }
  const tryIt = (fields: Record<string, string>) => server.secret?.prove(settings, fields, options)
  expect(await tryIt({ 'bank-password': 'open sesame' })).toMatchObject({ verdict: 'ok', owner: { login: role } })
  expect(await tryIt({ 'bank-password': 'not-the-word' })).toMatchObject({ verdict: 'invalid' })
  const { login, word } = logIns.ben
  expect(await tryIt({ login, word })).toMatchObject({ verdict: 'ok', owner: { login } })
  expect(server.secret?.canProve?.(settings, ['bank-password'])).toBe(true)
  expect(server.secret?.canProve?.(settings, ['login'])).toBe(false)
  const sameName = { connections: { shared: { ...shared, password: { secret: 'word' } }, own: settings.connections.own } }
  expect(await server.secret?.prove(sameName, { login, word }, options)).toMatchObject({ verdict: 'ok', owner: { login } })
})
