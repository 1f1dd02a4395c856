import { expect, test } from 'vitest'
import { PALETTE } from './style.ts'

/** Relative luminance (WCAG 2.2, definitions). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

type Name = keyof (typeof PALETTE)['light']
/** Text needs 4.5 (criterion 1.4.3), the edge of a field and the ring of the focus 3 (1.4.11). */
const pairs: [Name, Name, number][] = [
  ['ink', 'paper', 4.5],
  ['ink', 'card', 4.5],
  ['ink', 'tint', 4.5],
  ['soft', 'paper', 4.5],
  ['soft', 'card', 4.5],
  ['accent', 'card', 4.5],
  ['accent', 'tint', 4.5],
  ['accent', 'paper', 3],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'press', 4.5],
  ['caution', 'caution-paper', 4.5],
  ['bad', 'bad-paper', 4.5],
  ['bad', 'card', 3],
  ['good', 'card', 3],
  ['field', 'card', 3],
]

test.for(Object.entries(PALETTE))('colours that stand together have the contrast of WCAG AA: %s', ([, palette]) => {
  const weak = pairs.filter(([one, other, least]) => contrast(palette[one], palette[other]) < least)
  expect(weak).toEqual([])
})
