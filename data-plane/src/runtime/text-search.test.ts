import fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchFor, TextSearch } from './text-search.ts'

/** Every place of every text, found in the plainest way. */
function placesOf(texts: readonly string[], text: string): string[] {
  const places: string[] = []
  for (const [index, sought] of texts.entries())
    for (let from = text.indexOf(sought); from >= 0; from = text.indexOf(sought, from + 1)) places.push(`${index} at ${from}`)
  return places.toSorted()
}

function searched(texts: readonly string[], text: string, ...range: [from?: number, end?: number]): string[] {
  const places: string[] = []
  new TextSearch(texts).search(text, (index, from) => places.push(`${index} at ${from}`), ...range)
  return places.toSorted()
}

/** Few characters make many places and many that nearly are one; others are beyond ASCII, or half of a character. */
const letters = fc.constantFrom('a', 'b', 'ab', 'ba', 'c', '\\', 'é', 'ʂ', '\u{1f600}', '\ud83d')
const aText = (minLength: number, maxLength: number) => fc.array(letters, { minLength, maxLength }).map((all) => all.join(''))
const textsToFind = fc.array(aText(2, 9), { minLength: 1, maxLength: 40 })

test('it finds exactly the places that a search for each text alone finds', () => {
  const withSomeInside = fc.tuple(textsToFind, fc.array(fc.oneof(aText(0, 30), fc.nat(100)), { maxLength: 12 }))
  const isSame = ([texts, pieces]: [string[], (string | number)[]]) => {
    const text = pieces.map((piece) => (typeof piece === 'number' ? (texts[piece % texts.length] ?? '') : piece)).join('')
    expect(searched(texts, text)).toEqual(placesOf(texts, text))
  }
  fc.assert(fc.property(withSomeInside, isSame), { numRuns: 3_000 })
})

test('piece by piece it finds each place once, also where it lies over a cut', () => {
  const isSame = (texts: string[], text: string, step: number) => {
    const places: string[] = []
    for (let from = 0; from < text.length; from += step) places.push(...searched(texts, text, from, from + step))
    expect(places.toSorted()).toEqual(placesOf(texts, text))
  }
  fc.assert(fc.property(textsToFind, aText(0, 120), fc.integer({ min: 1, max: 40 }), isSame), { numRuns: 2_000 })
})

test('long texts are found among a thousand others, and at both ends', () => {
  const texts = Array.from({ length: 1_000 }, (_, at) => `${'x'.repeat(at % 400)}-number-${at}-${'y'.repeat(300)}`)
  const filler = 'Nothing to be found here. '.repeat(50)
  expect(searched(texts, `${texts[7]}${filler}${texts[999]}`)).toEqual(placesOf(texts, `${texts[7]}${filler}${texts[999]}`))
  expect(searched(texts, filler)).toEqual([])
})

test('a list is prepared once, and a text that is too short is refused instead of overlooked', () => {
  const texts = ['sesame', 'barley']
  expect(searchFor(texts)).toBe(searchFor(texts))
  expect(() => new TextSearch(['sesame', 'x'])).toThrow(RangeError)
})
