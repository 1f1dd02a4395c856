import { expect, test } from 'vitest'
import { LANGUAGES, spokenOf, wantedTags } from './language.ts'
import { textsOf } from './texts.ts'

/** Facts that no text holds by itself. */
const facts = {
  client: '<client>',
  provider: '<provider>',
  host: '<host>',
  handle: '<handle>',
  domain: '<domain>',
  scheme: '<scheme>',
  minutes: 987,
}

/** All sentences of a language, by the path of each. */
function sentencesOf(texts: unknown, path = ''): [string, string][] {
  if (typeof texts === 'string') return [[path, texts]]
  if (typeof texts === 'function') return sentencesOf((texts as (given: typeof facts) => unknown)(facts), path)
  return Object.entries(texts as object).flatMap(([name, inner]) => sentencesOf(inner, `${path}/${name}`))
}

const factsIn = (sentence: string) => sentence.match(/<[a-z]+>|987/g)?.toSorted() ?? []

const english = sentencesOf(textsOf('en'))

test.for(LANGUAGES)('%s has every text, and each names the same facts as in English', (language) => {
  const sentences = sentencesOf(textsOf(language))
  expect(sentences.map(([path, sentence]) => [path, factsIn(sentence)])).toEqual(
    english.map(([path, sentence]) => [path, factsIn(sentence)]),
  )
})

test.for(LANGUAGES.filter((language) => language !== 'en'))('no text of %s was left in English', (language) => {
  const others = sentencesOf(textsOf(language))
  const same = english.filter(([, sentence], at) => sentence === others[at]?.[1]).map(([path]) => path)
  // "Program" is a Turkish word too.
  expect(same.filter((path) => !(language === 'tr' && path === '/device/product'))).toEqual([])
})

test.for(LANGUAGES)('the texts of %s are whole sentences: no blank ends, no double blanks, nothing empty', (language) => {
  const untidy = sentencesOf(textsOf(language)).filter(
    ([, sentence]) => sentence === '' || sentence !== sentence.trim() || /\s\s/.test(sentence),
  )
  expect(untidy).toEqual([])
})

test.for(LANGUAGES)('a provider whose name is not known leaves no gap in a sentence of %s', (language) => {
  const { situations } = textsOf(language)
  const said = (provider: string) =>
    sentencesOf(Object.entries(situations).map(([name, say]) => ({ [name]: (say as (given: object) => unknown)({ ...facts, provider }) })))
  const named = said('<provider>').filter(([, sentence]) => sentence.includes('<provider>'))
  expect(named).toHaveLength(8)
  const unnamed = new Map(said(''))
  for (const [path, sentence] of named) {
    const text = unnamed.get(path) ?? ''
    // What remains when a name is cut out of its sentence is no sentence.
    expect(text).not.toBe(sentence.replace('<provider>', ''))
    expect(text).not.toMatch(/\s\s|\(\)|^[\s,]|[\s]$|undefined|null/)
    expect(text[0], text).toBe(text[0]?.toUpperCase())
  }
})

test('a language is found by its tag, whatever follows the tag', () => {
  expect(['az-Latn-AZ', 'RU_ru', 'tr', 'en-GB', 'de', ''].map((tag) => spokenOf([tag]))).toEqual([
    'az',
    'ru',
    'tr',
    'en',
    undefined,
    undefined,
  ])
})

test('languages are wanted in the order of their quality, and refused ones are not wanted', () => {
  expect(wantedTags('de;q=0.3, az, ru;q=0.9, tr;q=0, *;q=0.1')).toEqual(['az', 'ru', 'de', '*'])
  expect(wantedTags('x'.repeat(10_000)).length).toBe(1)
})
