import { withScalars } from '../json/scan.ts'
import { jsonOf } from '../json/sourced-object.ts'
import type { SourcedObject } from '../json/sourced-object.ts'
import { VerbatimJson } from '../json/verbatim.ts'
import { LONG_CHARS, yieldToEventLoop } from '../runtime/event-loop.ts'
import { searchFor } from '../runtime/text-search.ts'

/** Stands where a secret stood. */
export const HIDDEN = '•••'

/** A text with every secret hidden. */
export const redactText = (text: string, secrets: readonly string[]): string => hide(text, standingIn(text, secrets, secrets))

const hide = (text: string, secrets: readonly string[]) => secrets.reduce((left, secret) => left.replaceAll(secret, HIDDEN), text)

/** The object with every secret hidden, wherever it stands; the very same object where there is none. */
export function redact<T extends SourcedObject>(object: T, secrets: readonly string[]): T {
  if (secrets.length === 0) return object
  const json = jsonOf(object)
  const present = standingIn(plainText(json, object), secrets, asInJson(secrets))
  return present.length === 0 ? object : { ...object, ...withoutSecrets(json, present) }
}

/** The same for a long object, in several turns of the event loop. */
export async function redactLong<T extends SourcedObject>(object: T, secrets: readonly string[]): Promise<T> {
  if (secrets.length === 0) return object
  const json = jsonOf(object)
  await yieldToEventLoop()
  const text = plainText(json, object)
  const found = new Set<number>()
  for (let from = 0; from < text.length; from += LONG_CHARS) {
    await yieldToEventLoop()
    searchFor(asInJson(secrets)).search(text, (index) => found.add(index), from, from + LONG_CHARS)
  }
  return found.size === 0 ? object : { ...object, ...withoutSecrets(json, pick(secrets, found)) }
}

/** JSON with every secret hidden that a string or a number of it holds. The very same text where there is none. */
export function redactJson(json: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return json
  if (hasOddEscapes(json)) return changeScalars(json, (text) => redactText(text, secrets))
  const present = standingIn(json, secrets, asInJson(secrets))
  return present.length === 0 ? json : hiddenIn(json, present)
}

/** Those of the secrets that stand in the text, where they are written as in `spelled`. */
function standingIn(text: string, secrets: readonly string[], spelled: readonly string[]): readonly string[] {
  if (secrets.length === 0) return none
  let found: Set<number> | undefined
  searchFor(spelled).search(text, (index) => (found ??= new Set()).add(index))
  return found ? pick(secrets, found) : none
}

const none: readonly string[] = []

/** In their own order: the longest come first. */
const pick = (secrets: readonly string[], indexes: ReadonlySet<number>) => secrets.filter((_, index) => indexes.has(index))

/** Whether its JSON may differ from it: then it is another string, for which each person would need memory. */
const hasEscapes = (secret: string) => !/^[ !#-[\]-~]*$/.test(secret)

const listsInJson = new WeakMap<readonly string[], readonly string[]>()

/** The same list of secrets is looked for in answer after answer. */
function asInJson(secrets: readonly string[]): readonly string[] {
  const known = listsInJson.get(secrets)
  if (known) return known
  const inJson = secrets.map((secret) => (hasEscapes(secret) ? JSON.stringify(secret).slice(1, -1) : secret))
  listsInJson.set(secrets, inJson)
  return inJson
}

/**
 * Hides secrets in the values of strings, not in their JSON: there a line break ends in the letter n. A number that
 * contains a secret is hidden whole.
 */
function withoutSecrets(json: string, secrets: readonly string[]): Required<SourcedObject> {
  const redactedJson = hiddenIn(json, secrets)
  const value = JSON.parse(redactedJson) as SourcedObject['value']
  return { value, source: new VerbatimJson(value, redactedJson) }
}

const hiddenIn = (json: string, secrets: readonly string[]): string => changeScalars(json, (text) => hide(text, secrets))

const changeScalars = (json: string, change: (text: string) => string): string =>
  withScalars(json, change, (number) => (change(number) === number ? number : JSON.stringify(HIDDEN)))

/**
 * A sender may write any character as an escape, a slash most often. Where it did, our own JSON of the value is
 * searched.
 */
const plainText = (json: string, { value, source }: SourcedObject): string =>
  source !== undefined && !source.isOurs && hasOddEscapes(json) ? JSON.stringify(value) : json

const hasOddEscapes = (json: string): boolean => json.includes('\\u') || json.includes('\\/')
