import { expect, test, vi } from 'vitest'
import { until, within } from './waiting.ts'

const never = new Promise<never>(() => undefined)

test('a promise that settles in time is passed on, result or error', async () => {
  expect(await within(Promise.resolve(1), 'a number')).toBe(1)
  await expect(within(Promise.reject(new Error('broken')), 'a number')).rejects.toThrow('broken')
})

test('a promise that does not settle is named, at the line that waited', async () => {
  const fault: unknown = await within(never, 'the stream to end', 1).catch((error: unknown) => error)
  expect(fault).toMatchObject({ message: 'Waited in vain for the stream to end.', stack: expect.stringContaining('waiting.test.ts') })
})

test('a condition is asked for again until it holds, and is named when it does not come to hold', async () => {
  const condition = vi.fn(async () => condition.mock.calls.length === 3)
  await until(condition, 'the third time')
  expect(condition).toHaveBeenCalledTimes(3)
  await expect(until(() => false, 'the impossible', 1)).rejects.toThrow('Waited in vain for the impossible.')
})

test('a test that replaced the clock still gives up', async () => {
  vi.useFakeTimers()
  try {
    await expect(within(never, 'the stream to end', 1)).rejects.toThrow('Waited in vain')
  } finally {
    vi.useRealTimers()
  }
})
