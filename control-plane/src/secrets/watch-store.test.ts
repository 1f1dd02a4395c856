import { expect, test } from 'vitest'
import { StoreFault } from './stores/store.ts'
import { watchStore } from './watch-store.ts'

test('a store that cannot be used is said to be, since when and why, and once in the log, until it is back', async () => {
  const logged: string[] = []
  let fault: Error | undefined
  const clock = { nowMs: Date.UTC(2026, 11, 1) }
  const check = async () => {
    if (fault) throw fault
  }
  const watch = watchStore(
    { kind: 'vault', check },
    (_level, event) => void logged.push(event),
    () => clock.nowMs,
  )
  await watch.look()
  expect(watch.trouble).toBeUndefined()

  fault = new StoreFault('sealed', 'Vault is sealed: unseal it.')
  await watch.look()
  await watch.look()
  const since = '2026-12-01T00:00:00.000Z'
  expect(watch.trouble).toEqual({ store: 'vault', fault: 'sealed', since })
  clock.nowMs += 60_000
  fault = new StoreFault('unreachable', 'Vault cannot be reached.')
  await watch.look()
  expect(watch.trouble).toEqual({ store: 'vault', fault: 'unreachable', since })
  fault = new Error('a text that may name anything')
  await watch.look()
  expect(watch.trouble).toEqual({ store: 'vault', fault: 'unknown', since })

  fault = undefined
  await watch.look()
  expect(watch.trouble).toBeUndefined()
  expect(logged).toEqual(['secret-store-away', 'secret-store-away', 'secret-store-away', 'secret-store-back'])
  await watch.stop()
})
