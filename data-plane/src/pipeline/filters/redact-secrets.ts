import { withField } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import { endOf, hideAcross, hideContinued } from '../../secrets/across.ts'
import { redact, redactLong } from '../../secrets/redact.ts'
import type { Ports } from '../call/ports.ts'
import { isLong } from './outgoing.ts'
import type { Outgoing, OutgoingContext, OutgoingFilter } from './outgoing.ts'

/**
 * Hides the secrets that the gateway sent to a server, for everybody or for this person, in everything that this server
 * says to the person, whatever it echoes and wherever: also where a secret is cut into several texts of one answer, or
 * into several notifications of one call.
 */
export function redactSecrets({ secrets }: Pick<Ports, 'secrets'>): OutgoingFilter {
  /** By call or stream: the end of what its notifications said so far. */
  const said = new WeakMap<object, string>()

  return function redactSecrets(outgoing, context) {
    const { values } = secrets.for(context.server, context.token.subject.id)
    if (values.length === 0) return outgoing
    if (outgoing.kind === 'notification') return redactNotification(outgoing, context, values)
    if (!isLong(outgoing)) return redactAcross(redact(outgoing, values), values)
    return redactLong(outgoing, values).then((redacted) => redactAcross(redacted, values))
  }

  function redactNotification(outgoing: Outgoing, context: OutgoingContext, values: readonly string[]): Outgoing {
    const key = spokenIn[outgoing.method]
    const { params } = outgoing.value
    const text = key !== undefined && isObject(params) ? params[key] : undefined
    if (key === undefined || !isObject(params) || typeof text !== 'string') return redact(outgoing, values)
    const { speech = context } = context
    const before = said.get(speech) ?? ''
    said.set(speech, endOf(before + text, values))
    const left = hideContinued(before, text, values)
    const value = withField(outgoing.value, 'params', withField(params, key, left))
    return redact(left === text ? outgoing : { ...outgoing, value }, values)
  }
}

/** What a notification says in words. */
const spokenIn: Readonly<Record<string, string>> = { 'notifications/progress': 'message', 'notifications/message': 'data' }

/** Texts of a result that are read one after the other: blocks of a tool, parts of a resource, messages of a prompt. */
const listsOfTexts = ['content', 'contents', 'messages'] as const

function redactAcross(outgoing: Outgoing, values: readonly string[]): Outgoing {
  const { value } = outgoing
  for (const key of listsOfTexts) {
    const items = value[key]
    if (!Array.isArray(items) || items.length < 2) continue
    const texts = items.map(textOfItem)
    const left = hideAcross(texts, values)
    if (left === texts) continue
    const newItems = items.map((item: unknown, index) => (left[index] === texts[index] ? item : withTextOfItem(item, left[index])))
    return { ...outgoing, value: withField(value, key, newItems) }
  }
  return outgoing
}

/** The text of a block or a part, or of the block in a message. Nothing where it is no text. */
function textOfItem(item: unknown): string {
  if (!isObject(item)) return ''
  const { text, content } = item
  if (typeof text === 'string') return text
  return isObject(content) && typeof content['text'] === 'string' ? content['text'] : ''
}

function withTextOfItem(item: unknown, text: unknown): unknown {
  if (!isObject(item)) return item
  return isObject(item['content']) ? withField(item, 'content', withField(item['content'], 'text', text)) : withField(item, 'text', text)
}
