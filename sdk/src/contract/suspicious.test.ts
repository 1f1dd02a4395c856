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
  [{ title: 'a\u{e0fff}b\ufff3c' }, ['title: invisible character U+E0FFF', 'title: invisible character U+FFF3']],
  [
    { title: 'a\u3164b\u2800c\u115f' },
    ['title: invisible character U+3164', 'title: invisible character U+2800', 'title: invisible character U+115F'],
  ],
  [{ title: 'a\u061cb' }, ['title: bidirectional control U+061C']],
  [{ title: 'hidden\u{e0064}\u{e0065}🏴\u{e0064}' }, ['title: tag character U+E0064', 'title: tag character U+E0065']],
  [{ title: 'a\u2003b\u1680c\u205fd' }, ['title: odd blank U+2003', 'title: odd blank U+1680', 'title: odd blank U+205F']],
  [{ title: 'delete\u00a0all and delete\u3000all' }, ['title: odd blank U+00A0', 'title: odd blank U+3000']],
  [{ title: '\u{1d41d}\u{1d7cf}' }, ['title: letter in disguise U+1D41D', 'title: letter in disguise U+1D7CF']],
  [
    { title: '\uff41\u24d0\u{1f130}\u{1f170}\u1d00\u212a' },
    ['U+FF41', 'U+24D0', 'U+1F130', 'U+1D00', 'U+212A'].map((code) => `title: letter in disguise ${code}`),
  ],
  [{ title: 'p\u0430ypal' }, ['title: look-alike letter U+0430']],
  [{ title: 'payp\u03b1l, \u039fK, \u13aapple' }, ['U+03B1', 'U+039F', 'U+13AA'].map((code) => `title: look-alike letter ${code}`)],
  [{ title: 'always \u0441\u043e\u0440\u0443 it' }, ['title: look-alike letter U+0441']],
  [{ inputSchema: { properties: { 'p\u0430th': {} } } }, ['the name inputSchema.properties.p<U+0430>th: look-alike letter U+0430']],
] as const)('%j is reported', ([definition, found]) => {
  expect(suspicions(definition)).toEqual(found)
})

test.for([
  'line one\n\tline two\r\n',
  'Grüße, 東京, Привет, مرحبا',
  '👨‍👩‍👧 family, ❤️ heart, 👩🏽‍🔬 scientist, 🏳️‍🌈 flag, 1️⃣',
  '“quotes” – dashes … and spaces that are seen as such',
  'Возвращает заметку по её номеру (API, JSON, ID=42). USB-кабель, 3D-модель',
  'Siz qeydi oxuyur: ünvan, şəkil, ığdır; Türkçe: İstanbul, çağrı, öğrenci',
  'Επιστρέφει τη σημείωση. Latency in μs, resistance in kΩ, ΔT, λx',
  'می‌خواهم کتاب‌ها را ببینم',
  'क्‍ष और क्‌ष, শ্রী, ක්‍ෂ, ക്‍',
  '全角スペース　の間。１２３',
  '전화번호를 가져옵니다. GitLabの課題をAPIで取得',
  'Combien ? « Dix » : 10\u00a0000\u00a0€, 5\u202f%, 10\u2009000',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿 England, 🅰️ type, ℹ️ information, ™ and Å and Ω',
  'x² + y³ = ½, n-ésimo 1º 2ª, naïve café, Ελλάδα και Россия, Հայաստան',
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
  expect(plain('a\u200bb\u202ec\nd, p\u0430y')).toBe('a<U+200B>b<U+202E>c\nd, p<U+0430>y')
})
