import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const never = new AbortController().signal

/** Work that ends when told to, and a list of what has begun. */
function someWork() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name)
      ends.set(name, () => resolve(name))
    })
  return { begun, work, end: (name: string) => ends.get(name)?.() }
}

const aQueue = (options: Partial<ConstructorParameters<typeof FairQueue>[0]> = {}) =>
  new FairQueue({ resource: 'the kettle', places: 1, maxWaiting: 8, maxWaitingPerPerson: 2, ...options })

test('work gives its answer or its fault, and its place to the next', async () => {
  const queue = aQueue()
  expect(await queue.run('ann', never, async () => 'tea')).toBe('tea')
  const faults = [queue.run('ann', never, () => Promise.reject(new Error('cold'))), queue.run('ann', never, thrown)]
  await expect(Promise.allSettled(faults)).resolves.toMatchObject([{ reason: { message: 'cold' } }, { reason: { message: 'empty' } }])
  expect(await queue.run('ann', never, async () => 'tea')).toBe('tea')
})
const thrown = (): Promise<never> => {
  throw new Error('empty')
}

test('work that is given up while it waits never runs, and its caller is told at once', async () => {
  const { begun, work, end } = someWork()
  const queue = aQueue()
  const first = queue.run('ann', never, work('first'))
  const leaving = new AbortController()
  const second = queue.run('ann', leaving.signal, work('second'))
  const third = queue.run('ann', never, work('third'))
  leaving.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  expect(queue.waitingCount).toBe(1)
  end('first')
  await first
  expect(begun).toEqual(['first', 'third'])
  end('third')
  await third
  await expect(queue.run('ann', leaving.signal, work('late'))).rejects.toThrow('gone')
  expect(begun).toEqual(['first', 'third'])
})

test('work whose time is over before its turn is refused with when to come back, and never runs', async () => {
  const { begun, work, end } = someWork()
  const queue = aQueue()
  const first = queue.run('ann', never, work('first'))
  await expect(queue.run('ben', AbortSignal.timeout(1), work('second'))).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'Earlier calls, maybe your own, kept the kettle busy until the time of this call was over.',
    retryAfterS: 1,
  })
  end('first')
  await first
  expect(begun).toEqual(['first'])
})

test('work that is given up while it runs keeps its place until it has ended', async () => {
  const { begun, work, end } = someWork()
  const queue = aQueue()
  const leaving = new AbortController()
  const first = queue.run('ann', leaving.signal, work('first'))
  const second = queue.run('ben', never, work('second'))
  leaving.abort(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
  expect(begun).toEqual(['first'])
  end('first')
  await expect.poll(() => begun).toEqual(['first', 'second'])
  end('second')
  expect(await second).toBe('second')
})

test('a refusal says who waits too much, and when to come back', async () => {
  const { work, end } = someWork()
  let nowMs = 0
  const queue = aQueue({ maxWaiting: 4, now: () => nowMs })
  const slow = queue.run('ann', never, work('slow'))
  nowMs = 2_500
  end('slow')
  await slow
  queue.run('ann', never, work('runs')).catch(() => undefined)
  const waiting = ['ann', 'ann', 'ben', 'cid'].map((person) => queue.run(person, never, work(person)).catch((error: unknown) => error))
  // Each run took 2.5 s, and three people wait at one place.
  await expect(queue.run('ann', never, work('more'))).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'Too many of your calls wait for the kettle.',
    hint: 'Wait for their answers, or try again in 8 s.',
    retryable: true,
    retryAfterS: 8,
  })
  await expect(queue.run('dan', never, work('more'))).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'Too many people wait for the kettle.',
    hint: 'Try again in 8 s.',
  })
  queue.rejectWaiting('closed')
  expect(await Promise.all(waiting)).toEqual(['closed', 'closed', 'closed', 'closed'])
  expect(queue.waitingCount).toBe(0)
})

test.for([
  ['a second for work that takes no time', 0, 1],
  ['a minute at most', 3_600_000, 60],
] as const)('the time to come back is %s', async ([, runMs, retryAfterS]) => {
  let nowMs = 0
  const queue = aQueue({ maxWaitingPerPerson: 1, now: () => nowMs })
  await queue.run('ann', never, async () => void (nowMs += runMs))
  for (const name of ['runs', 'waits']) queue.run('ann', never, someWork().work(name)).catch(() => undefined)
  await expect(queue.run('ann', never, someWork().work('more'))).rejects.toMatchObject({ retryAfterS })
})
