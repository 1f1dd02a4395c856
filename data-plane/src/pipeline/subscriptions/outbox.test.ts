import { expect, test } from 'vitest'
import { ownWords } from '../../protocol/channel/cleared.ts'
import { Outbox, subjectOf } from './outbox.ts'
import type { Notification } from '../../protocol/notification.ts'

const updated = (uri: string, at: number) => ownWords({ method: 'notifications/resources/updated', params: { uri, at } })

test('of what a slow client has not taken, it is told the newest word on each subject, and nothing piles up', async () => {
  const told: Notification[] = []
  const taken = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const outbox = new Outbox((notification) => taken[told.push(notification) - 1]?.promise)
  for (let at = 0; at < 10_000; at++) {
    outbox.put('a', updated('x:a', at))
    outbox.put('b', updated('x:b', at))
  }
  expect(told).toEqual([updated('x:a', 0)])
  for (const { resolve } of taken) resolve()
  await expect.poll(() => told).toEqual([updated('x:a', 0), updated('x:b', 9999), updated('x:a', 9999)])
})

test('a client that fails to take one is told the next', async () => {
  const told: Notification[] = []
  const outbox = new Outbox((notification) => (told.push(notification) === 1 ? Promise.reject(new Error('gone')) : undefined))
  outbox.put('a', updated('x:a', 1))
  outbox.put('b', updated('x:b', 2))
  await expect.poll(() => told).toHaveLength(2)
})

test.for<[Notification, string | undefined]>([
  [{ method: 'notifications/tools/list_changed' }, 'notifications/tools/list_changed'],
  [updated('x:a', 1), 'notifications/resources/updated x:a'],
  [{ method: 'notifications/tasks', params: { taskId: 't' } }, 'notifications/tasks t'],
  [{ method: 'notifications/message', params: { level: 'info', taskId: 't' } }, undefined],
  [{ method: 'notifications/resources/updated', params: { uri: 7 } }, undefined],
  [{ method: 'com.example/news' }, undefined],
])('%j is news about %s', ([notification, subject]) => {
  expect(subjectOf(notification)).toBe(subject)
})
