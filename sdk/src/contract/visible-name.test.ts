import { expect, test } from 'vitest'
import { isSeen, seenOf } from './visible-name.ts'

test.for([
  ['Hangul filler', 'a\u3164b', 'ab'],
  ['halfwidth Hangul filler', '\uffa0', ''],
  ['Hangul choseong and jungseong fillers', '\u115f\u1160', ''],
  ['Braille blank', '\u2800', ''],
  ['combining grapheme joiner', 'Cl\u034faude', 'Claude'],
  ['zero-width joiner', 'Claude\u200d', 'Claude'],
  ['zero-width joiner at the start', '\u200dClaude', 'Claude'],
  ['joiners between letters that nothing joins', 'Cl\u200cau\u200dde', 'Claude'],
  ['two joiners', 'نرم\u200c\u200cافزار', 'نرمافزار'],
  ['joiner beside a hidden character of its script', '\u1780\u17b4\u200c\u1780', '\u1780\u1780'],
  ['joiner of emoji before a letter', '👩\u200dCoder', '👩Coder'],
  ['joiner that no emoji follows', '👩\u200c💻\u200d', '👩💻'],
  ['selector on a letter', 'a\ufe0f', 'a'],
  ['selector of text on a letter', 'a\ufe0e', 'a'],
  ['marks with joiners between them', `ب${'\u064b\u200c'.repeat(20)}ب`, `ب${'\u064b\u200c'.repeat(4)}ب`],
  ['zero-width space, turned text', 'Cl\u200baude\u202e', 'Claude'],
  ['soft hyphen', 'Cl\u00adaude', 'Claude'],
  ['variation selector', 'Claude\u{e0101}', 'Claude'],
  ['tag characters', 'Claude\u{e0041}', 'Claude'],
  ['musical null', '\u{1d159}', ''],
  ['separator of lines', 'a\u2028b', 'a b'],
  ['half a character', 'a\ud800', 'a'],
  ['control character', 'a\u0000b', 'ab'],
  ['many marks', `a${'\u0301'.repeat(152)}`, `a${'\u0301'.repeat(4)}`],
] as const)('a name with a hidden part is found out: %s', ([, name, seen]) => {
  expect([isSeen(name), seenOf(name)]).toEqual([false, seen])
})

test('a mark that stands on nothing is none of a name', () => {
  for (const name of ['\u0301a', 'a \u0301b']) expect([name, isSeen(name)]).toEqual([name, false])
})

test.for([
  'Claude Code',
  'Cursor – v2 (beta)',
  'Əli’nin köməkçisi',
  'Ассистент',
  'Trợ lý',
  'Tro\u0323\u031b\u0309',
  'שָׁלוֹם',
  'ผู้ช่วย',
  'सहायक',
  '助手',
  '도우미',
  '⚙️ Tool',
  '1️⃣ First',
  'نرم\u200cافزار',
  'کار\u200cها',
  'ශ\u0dca\u200dරී',
  'र\u094d\u200dय',
  'র\u200d\u09cdয',
  'അവന\u0d4d\u200d',
  '👩\u200d💻 Coder',
  '👩🏽\u200d💻 Coder',
  '❤\ufe0f\u200d🔥',
  '🏳\ufe0f\u200d🌈',
  '⚙\ufe0e Tool',
  '\uf8ff Intelligence',
])('%s is a name', (name) => {
  expect([isSeen(name), seenOf(name)]).toEqual([true, name])
})
