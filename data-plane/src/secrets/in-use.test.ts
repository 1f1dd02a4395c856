import { expect, test } from 'vitest'
import { SecretsInUse } from './in-use.ts'

function aStore(first = 'first-value') {
  const store = { value: first }
  const logged: object[] = []
  const secrets = new SecretsInUse(
    () => Promise.resolve(store.value),
    (level, event, facts) => void logged.push({ level, event, ...facts }),
  )
  const ref = { secret: 'key' }
  return {
    store,
    logged,
    secrets,
    read: (server = 'a') => secrets.of(server).read(ref),
    values: (server = 'a') => secrets.of(server).values,
  }
}

test('a secret that was read for a server is in use there, and at no other', async () => {
  const { read, values } = aStore()
  expect(values()).toEqual([])
  expect(await read()).toBe('first-value')
  expect(values()).toEqual(['first-value'])
  expect(values('b')).toEqual([])
})

test('an old value stays in use until every call that began before is over', async () => {
  const { store, secrets, read, values } = aStore()
  await read()
  const [first, second] = [secrets.of('a').hold(), secrets.of('a').hold()]
  store.value = 'second-value'
  await read()
  const late = secrets.of('a').hold()
  expect(values()).toEqual(['second-value', 'first-value'])
  first()
  first()
  expect(values()).toEqual(['second-value', 'first-value'])
  second()
  expect(values()).toEqual(['second-value'])
  late()
  expect(values()).toEqual(['second-value'])
})

test('a value that nobody was sent is forgotten as soon as it is replaced', async () => {
  const { store, read, values } = aStore()
  await read()
  store.value = 'second-value'
  await read()
  expect(values()).toEqual(['second-value'])
})

test('of three values in a row each is held by its own calls', async () => {
  const { store, secrets, read, values } = aStore('value-1')
  await read()
  const first = secrets.of('a').hold()
  store.value = 'value-2'
  await read()
  const second = secrets.of('a').hold()
  store.value = 'value-3'
  await read()
  expect(values()).toEqual(['value-3', 'value-1', 'value-2'])
  second()
  // The first call began before both were replaced.
  expect(values()).toEqual(['value-3', 'value-1', 'value-2'])
  first()
  expect(values()).toEqual(['value-3'])
})

test('the version rises when a value changes, and only then', async () => {
  const { store, secrets, read } = aStore()
  await read()
  const before = secrets.version
  await read()
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

test('secrets that the settings of a server name no more go out of use with the calls that were sent them', async () => {
  const { secrets, read, values } = aStore()
  await read()
  const release = secrets.of('a').hold()
  secrets.of('a').retire()
  expect(values()).toEqual(['first-value'])
  release()
  expect(values()).toEqual([])
  await read()
  expect(values()).toEqual(['first-value'])
})

test('of a credential with a scheme the part after it is hidden too', async () => {
  const { read, values } = aStore('Bearer abcdefghij')
  await read()
  expect(values()).toEqual(['Bearer abcdefghij', 'abcdefghij'])
})
