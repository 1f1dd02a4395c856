import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

test('what was added is found until it is removed, and the place of one that was removed is used again', () => {
  const slots = new Slots<{ name: string }>()
  const [first, second, third] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  const places = [slots.add(first), slots.add(second)]
  slots.remove(places[0]!, first)
  expect(slots.add(third)).toBe(places[0])
  slots.remove(places[0]!, first) // it is not in that place any more
  expect([...slots].map(([, { name }]) => name)).toEqual(['c', 'b'])
  expect(slots.size).toBe(2)
})

test('entries may be removed while they are looked through', () => {
  const slots = new Slots<{ at: number }>()
  for (let at = 0; at < 5; at++) slots.add({ at })
  const seen: number[] = []
  for (const [index, entry] of slots) {
    seen.push(entry.at)
    slots.remove(index, entry)
  }
  expect([seen, slots.size]).toEqual([[0, 1, 2, 3, 4], 0])
})
