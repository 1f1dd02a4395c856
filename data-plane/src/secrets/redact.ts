import { withScalars } from '../json/scan.ts'
import { jsonOf } from '../json/sourced-object.ts'
import type { SourcedObject } from '../json/sourced-object.ts'
import { VerbatimJson } from '../json/verbatim.ts'
import { yieldToEventLoop } from '../runtime/event-loop.ts'

/** Stands where a secret stood. */
export const HIDDEN = '•••'
/** Looking for one secret in the longest text takes some 5 ms. */
const secretsPerTurn = 4

/** A text with every secret hidden. */
export const redactText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((redacted, secret) => redacted.replaceAll(secret, HIDDEN), text)

/** The object with every secret hidden, wherever it stands; the very same object where there is none. */
export function redact<T extends SourcedObject>(object: T, secrets: readonly string[]): T {
  if (secrets.length === 0) return object
  const json = jsonOf(object)
  const text = plainText(json, object.value)
  const inJson = asInJson(secrets)
  const present = secrets.filter((_, index) => text.includes(inJson[index] ?? ''))
  return present.length === 0 ? object : { ...object, ...withoutSecrets(json, present) }
}

/** The same for a long object, in several turns of the event loop: there may be a hundred secrets to look for. */
export async function redactLong<T extends SourcedObject>(object: T, secrets: readonly string[]): Promise<T> {
  if (secrets.length === 0) return object
  const json = jsonOf(object)
  await yieldToEventLoop()
  const text = plainText(json, object.value)
  const present: string[] = []
  const inJson = asInJson(secrets)
  for (const [index, secret] of secrets.entries()) {
    if (index % secretsPerTurn === 0) await yieldToEventLoop()
    if (text.includes(inJson[index] ?? '')) present.push(secret)
  }
  return present.length === 0 ? object : { ...object, ...withoutSecrets(json, present) }
}

/** JSON with every secret hidden that a string or a number of it holds. The very same text where there is none. */
export function redactJson(json: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return json
  const holdsOne = asInJson(secrets).some((secret) => json.includes(secret)) || /\\[/u]/.test(json)
  return holdsOne ? hiddenIn(json, secrets) : json
}

const listsInJson = new WeakMap<readonly string[], readonly string[]>()

/** The same list of secrets is looked for in answer after answer. */
function asInJson(secrets: readonly string[]): readonly string[] {
  const known = listsInJson.get(secrets)
  if (known) return known
  const inJson = secrets.map((secret) => JSON.stringify(secret).slice(1, -1))
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

function hiddenIn(json: string, secrets: readonly string[]): string {
  const redactedNumber = (number: string) => (redactText(number, secrets) === number ? number : JSON.stringify(HIDDEN))
  return withScalars(json, (text) => redactText(text, secrets), redactedNumber)
}

/**
 * A sender may write any character as an escape, a slash most often. Where it did, our own JSON of the value is
 * searched.
 */
const plainText = (json: string, value: object): string => (/\\[/u]/.test(json) ? JSON.stringify(value) : json)
