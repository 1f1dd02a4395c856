import { expect, test } from 'vitest'
import { plain, suspicions } from './suspicious.ts'

test.for([
  [{ description: 'adds\u200btwo' }, ['description: zero-width character U+200B']],
  [{ description: 'evil\u202etxt' }, ['description: bidirectional control U+202E']],
  [{ description: 'a\u001b[2Jb\u0000' }, ['description: control character U+001B', 'description: control character U+0000']],
  [{ description: 'do \u{e0068}\u{e0069}' }, ['description: tag character U+E0068', 'description: tag character U+E0069']],
  [{ title: 'a\u00adb' }, ['title: invisible character U+00AD']],
  [{ name: 'a\ufe01' }, ['name: hidden selector U+FE01']],
  [{ name: 'a\ud800' }, ['name: broken character U+D800']],
  [
    { inputSchema: { properties: { 'pa\u2066th': { description: 'x\ufeff' } } } },
    [
      'the name inputSchema.properties.pa<U+2066>th: bidirectional control U+2066',
      'inputSchema.properties.pa<U+2066>th.description: zero-width character U+FEFF',
    ],
  ],
  [{ inputSchema: { enum: ['a', 'b\u200d'] } }, ['inputSchema.enum[1]: zero-width character U+200D']],
  [{ annotations: { title: '\ue000' } }, ['annotations.title: private character U+E000']],
] as const)('%j is reported', ([definition, found]) => {
  expect(suspicions(definition)).toEqual(found)
})

test.for([
  'line one\n\tline two\r\n',
  'Grüße, 東京, Привет, مرحبا',
  '👨‍👩‍👧 family, ❤️ heart, 👩🏽‍🔬 scientist, 🏳️‍🌈 flag, 1️⃣',
  '“quotes” – dashes … and spaces that are seen as such',
])('visible text is not suspicious: %s', (description) => {
  expect(suspicions({ description })).toEqual([])
})

test('large and deep definitions give a limited number of findings', () => {
  let deep: unknown = 'x\u200b'
  for (let level = 0; level < 20_000; level++) deep = { a: deep }
  expect(suspicions(deep)).toEqual([])
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, '\u200b\u202e']))
  expect(suspicions(many)).toHaveLength(20)
})

test('every hidden character is written out for a reviewer', () => {
  expect(plain('a\u200bb\u202ec\nd')).toBe('a<U+200B>b<U+202E>c\nd')
})
