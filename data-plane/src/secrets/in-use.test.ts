import { expect, test } from 'vitest'
import { SecretsInUse } from './in-use.ts'
import { spellingsOf } from './spellings.ts'

const dayMs = 24 * 60 * 60 * 1000

function aStore(first = 'first-value') {
  const store = { value: first }
  const clock = { nowMs: 0 }
  const stored = new Set<string>()
  const logged: object[] = []
  const secrets = new SecretsInUse(
    () => Promise.resolve(store.value),
    (level, event, facts) => void logged.push({ level, event, ...facts }),
    () => clock.nowMs,
  )
  const ref = { secret: 'key' }
  return {
    store,
    clock,
    logged,
    secrets,
    read(server = 'a') {
      stored.add(store.value)
      return secrets.of(server).read(ref)
    },
    /** Which of the values that were read are hidden, in the order they were read. */
    values: (server = 'a') => [...stored].filter((value) => secrets.of(server).values.includes(value)),
  }
}

test('a secret that was read for a server is in use there, and at no other', async () => {
  const { read, values } = aStore()
  expect(values()).toEqual([])
  expect(await read()).toBe('first-value')
  expect(values()).toEqual(['first-value'])
  expect(values('b')).toEqual([])
})

test('an old value stays in use for a day, and until every call that began before is over', async () => {
  const { store, clock, secrets, read, values } = aStore()
  await read()
  const [first, second] = [secrets.of('a').hold(), secrets.of('a').hold()]
  store.value = 'second-value'
  await read()
  const late = secrets.of('a').hold()
  expect(values()).toEqual(['first-value', 'second-value'])
  first()
  first()
  clock.nowMs = dayMs
  expect(values()).toEqual(['first-value', 'second-value'])
  second()
  expect(values()).toEqual(['second-value'])
  late()
  expect(values()).toEqual(['second-value'])
})

test('a value that no call was sent stays in use for a day', async () => {
  const { store, clock, secrets, read, values } = aStore()
  await read()
  store.value = 'second-value'
  await read()
  const aCall = () => secrets.of('a').hold()()
  clock.nowMs = dayMs - 1
  aCall()
  expect(values()).toEqual(['first-value', 'second-value'])
  clock.nowMs = dayMs
  aCall()
  expect(values()).toEqual(['second-value'])
})

test('of values that are replaced all the time, the last eight stay in use', async () => {
  const { store, read, values } = aStore('value-0')
  await read()
  for (let at = 1; at < 12; at++) {
    store.value = `value-${at}`
    await read()
  }
  expect(values()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11].map((at) => `value-${at}`))
})

test('of three values in a row each is held by its own calls', async () => {
  const { store, clock, secrets, read, values } = aStore('value-1')
  await read()
  const first = secrets.of('a').hold()
  store.value = 'value-2'
  await read()
  const second = secrets.of('a').hold()
  store.value = 'value-3'
  await read()
  clock.nowMs = dayMs
  expect(values()).toEqual(['value-1', 'value-2', 'value-3'])
  second()
  // The first call began before both were replaced.
  expect(values()).toEqual(['value-1', 'value-2', 'value-3'])
  first()
  expect(values()).toEqual(['value-3'])
})

test('the version rises when a value changes, and only then', async () => {
  const { store, secrets, read } = aStore('value-before')
  await read()
  store.value = 'first-value'
  await read()
  const before = secrets.version
  await read()
  secrets.of('a').hold()()
  expect(secrets.version).toBe(before)
  store.value = 'second-value'
  await read()
  expect(secrets.version).toBeGreaterThan(before)
})

test('a secret too short to be hidden is said to be, by its name', async () => {
  const { logged, read, values } = aStore('short')
  await read()
  expect(values()).toEqual([])
  expect(logged).toEqual([
    { level: 'warn', event: 'a secret is too short to be hidden in answers', server: 'a', secret: 'key', minLength: 6 },
  ])
  expect(JSON.stringify(logged)).not.toContain('"short"')
})

test('secrets that the settings of a server name no more go out of use after a day, with the calls that were sent them', async () => {
  const { clock, secrets, read, values } = aStore()
  await read()
  const release = secrets.of('a').hold()
  secrets.of('a').retire()
  clock.nowMs = dayMs
  expect(values()).toEqual(['first-value'])
  release()
  expect(values()).toEqual([])
  await read()
  expect(values()).toEqual(['first-value'])
})

test('of a thousand people on one server, the words to each are searched for their own values alone, beside those that all share', async () => {
  const { secrets, read } = aStore()
  const tokenOf = (at: number) => `desk-${at}-Zx9Qw7Er5Ty3Ui1Op2As`
  for (let at = 0; at < 1_000; at++) secrets.inject('a', `person ${at}`, { token: tokenOf(at) })
  for (const at of [0, 500, 999]) expect(secrets.for('a', `person ${at}`).values).toEqual(spellingsOf(tokenOf(at)))
  expect(secrets.for('a', 'nobody').values).toEqual([])

  await read()
  const values = secrets.for('a', 'person 500').values
  expect(values).toHaveLength(spellingsOf(tokenOf(500)).length + spellingsOf('first-value').length)
  expect(secrets.for('a', 'person 500').values).toBe(values)
  expect(secrets.for('a', 'nobody').values).toEqual(spellingsOf('first-value'))
})

test('of a hundred values that all share, each is hidden in every spelling', async () => {
  const { secrets, read, store } = aStore()
  for (let at = 0; at < 100; at++) {
    store.value = `value-number-${at}`
    await secrets.of('a').read({ secret: `key ${at}` })
  }
  expect(new Set(secrets.of('a').values)).toEqual(new Set(Array.from({ length: 100 }, (_, at) => spellingsOf(`value-number-${at}`)).flat()))
  store.value = 'first-value'
  await read()
  expect(secrets.of('a').values).toEqual(expect.arrayContaining(spellingsOf('first-value')))
  const lengths = secrets.of('a').values.map(({ length }) => length)
  expect(lengths).toEqual(lengths.toSorted((a, b) => b - a))
})
