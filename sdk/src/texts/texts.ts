import { en } from './en.ts'
import type { Language } from './language.ts'

export type Texts = typeof en

/** What can go wrong for a person in front of a page. */
export type Situation = keyof Texts['situations']

/** A situation with the facts that its text names. */
export type SituationWithFacts = {
  [Word in Situation]: { situation: Word } & FactsOf<Parameters<Texts['situations'][Word]>>
}[Situation]

type FactsOf<Given extends unknown[]> = Given extends [infer Facts] ? { facts: Facts } : { facts?: never }

const catalogue: Record<Language, Texts> = { en, az: en, ru: en, tr: en }

export const textsOf = (language: Language): Texts => catalogue[language]
