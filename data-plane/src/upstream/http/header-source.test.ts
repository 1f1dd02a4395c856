import { expect, test } from 'vitest'
import { HeaderSource } from './header-source.ts'

/** Headers with a key, which a test changes as it likes, and how often it was read. */
function aSource() {
  const key = { value: 'key-1', reads: 0, ready: Promise.resolve() }
  const source = new HeaderSource({ 'x-key': { secret: 'key' }, 'x-tenant': 'acme' }, async () => {
    key.reads++
    const { value } = key
    await key.ready
    return value
  })
  return { key, source }
}

test('a key is read once for requests that follow each other, and anew after it was forgotten', async () => {
  const { key, source } = aSource()
  expect(await source.get()).toEqual({ 'x-key': 'key-1', 'x-tenant': 'acme' })
  key.value = 'key-2'
  expect(await source.get()).toMatchObject({ 'x-key': 'key-1' })
  source.forget()
  expect(await source.get()).toMatchObject({ 'x-key': 'key-2' })
  expect(key.reads).toBe(2)
})

test('a key that is being read while it is forgotten is not held', async () => {
  const { key, source } = aSource()
  const opened = Promise.withResolvers<void>()
  key.ready = opened.promise
  const first = source.get()
  source.forget()
  key.value = 'key-2'
  opened.resolve()
  expect(await first).toMatchObject({ 'x-key': 'key-1' })
  expect(await source.get()).toMatchObject({ 'x-key': 'key-2' })
})

test('a server that is let go is sent the key that it had, and never a newer one', async () => {
  const { key, source } = aSource()
  await source.get()
  source.forget()
  source.close()
  key.value = 'key-of-another-address'
  expect(await source.get()).toMatchObject({ 'x-key': 'key-1' })
  expect(key.reads).toBe(1)
})

test('a server that is let go before it was sent a key is sent none', async () => {
  const { key, source } = aSource()
  source.close()
  expect(() => source.get()).toThrow('settings of the MCP server were changed')
  const { source: reading } = aSource()
  const headers = reading.get()
  reading.close()
  await expect(headers).rejects.toThrow('settings of the MCP server were changed')
  expect(key.reads).toBe(0)
})
