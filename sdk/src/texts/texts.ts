import { az } from './az.ts'
import { en } from './en.ts'
import type { Texts } from './en.ts'
import type { Language } from './language.ts'
import { ru } from './ru.ts'
import { tr } from './tr.ts'

export type { Texts } from './en.ts'

/** What can go wrong for a person in front of a page. */
export type Situation = keyof Texts['situations']

/** A situation with the facts that its text names. */
export type SituationWithFacts = {
  [Word in Situation]: { situation: Word } & FactsOf<Parameters<Texts['situations'][Word]>>
}[Situation]

type FactsOf<Given extends unknown[]> = Given extends [infer Facts] ? { facts: Facts } : { facts?: never }

const catalogue: Record<Language, Texts> = { en, az, ru, tr }

export const textsOf = (language: Language): Texts => catalogue[language]
