import { expect, test } from 'vitest'
import { textWidth } from './fonts.ts'
import { hasCrowdedLabels, tellLabelsApart } from './labels.ts'
import type { SceneMark } from './labels.ts'

const bounds = { x1: 0, x2: 0, y1: 0, y2: 0 }
const limit = 150

function cut(texts: string[], role: 'axis' | 'legend'): string[] {
  const labels = texts.map((text) => ({ text, limit, fontSize: 13, bounds }))
  const entries = labels.map((label) => ({ bounds, items: [{ role: 'legend-label', items: [label] }] }))
  const list =
    role === 'axis'
      ? { role: 'axis-label', items: labels }
      : { role: 'legend', items: [{ bounds, items: [{ role: 'legend-scope', items: entries }] }] }
  tellLabelsApart({ items: [{ bounds, items: [list] }] })
  return labels.map(({ text }) => text)
}

const start = 'Department of the affairs of region'
test.for([
  ['the end', [`${start} 1`, `${start} 2`]],
  ['the middle', ['a', 'b', 'c'].map((letter) => `${start} ${letter} of the republic and of all that belongs to it`)],
  ['the length', [start, `${start} ${start}`]],
] as const)('labels that differ in %s differ also when they are cut, and fit', ([, texts]) => {
  for (const role of ['axis', 'legend'] as const) {
    const shown = cut([...texts], role)
    expect(new Set(shown).size).toBe(texts.length)
    for (const text of shown) expect(textWidth({ fontSize: 13 }, text)).toBeLessThan(limit)
  }
})

test('labels that fit, and labels whose beginnings differ, are left as they are', () => {
  const texts = ['Bakı', `North: ${start}`, `South: ${start}`]
  expect(cut(texts, 'axis')).toEqual(texts)
})

test('equal labels stay equal', () => {
  expect(new Set(cut([start + start, start + start], 'axis')).size).toBe(1)
})

const axis = (...places: [number, number, object?][]): SceneMark => ({
  role: 'axis-label',
  items: places.map(([x1, x2, more]) => ({ bounds: { x1, x2, y1: 0, y2: 15 }, ...more })),
})

test.for([
  ['apart', axis([0, 10], [20, 30], [40, 50]), false],
  ['running into each other', axis([0, 10], [20, 42], [40, 50]), true],
  ['touching', axis([0, 10], [11, 20], [40, 50]), true],
  ['in any order', axis([40, 50], [0, 10], [9, 30]), true],
  ['turned', axis([0, 30, { angle: -40 }], [20, 50, { angle: -40 }]), false],
  ['hidden', axis([0, 10], [5, 15, { opacity: 0 }], [20, 30]), false],
  ['one above the other', axis([0, 10], [2, 10, { bounds: { x1: 2, x2: 10, y1: 26, y2: 41 } }]), false],
  ['longer than the axis', axis([-40, 60], [10, 110]), true],
  ['single', axis([0, 10]), false],
] as const)('labels that are %s: crowded is told right', ([, labels, crowded]) => {
  expect(hasCrowdedLabels({ items: [{ bounds, items: [labels] }] })).toBe(crowded)
})
