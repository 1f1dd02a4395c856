import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutText } from './cut-text.ts'

test('a cut never leaves half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (text, max) => {
      expect(cutText(text, max).isWellFormed()).toBe(true)
    }),
  )
})

test('a cut JSON text ends between two values, never inside one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.integer(), fc.object()), { minLength: 3 }),
      fc.integer({ min: 3, max: 80 }),
      (value, max) => {
        const text = JSON.stringify(value)
        if (text.length <= max) return
        const kept = cutText(text, max).split('\n[cut:')[0] ?? ''
        expect(text.startsWith(kept)).toBe(true)
        expect(['[', ',', '{', ']', '}']).toContain(kept.at(-1))
        expect((kept.match(/(?<!\\)(?:\\\\)*"/g) ?? []).length % 2).toBe(0)
      },
    ),
  )
})
