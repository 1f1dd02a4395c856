import { isObject } from '../json/is-object.ts'
import type { InputRequest } from '../protocol/input-capability.ts'

/** Returned instead of an answer: the client is asked for input, and sends the request again with its responses. */
export class InputRequired {
  readonly requests: Readonly<Record<string, InputRequest>>
  /** The handler gets it back as `context.requestState`. It travels sealed, so the handler may trust it. */
  readonly state: unknown

  constructor(requests: Readonly<Record<string, InputRequest>>, state: unknown) {
    this.requests = requests
    this.state = state
  }
}

/**
 * A handler that needs input returns this. It chooses the keys of `requests`.
 * `state` is what it must remember until the client sends the request again.
 */
export const inputRequired = (requests: Readonly<Record<string, InputRequest>>, state?: unknown): InputRequired =>
  new InputRequired(requests, state)

/** A form for the person at the client. `properties` are flat, as JSON Schema. */
export const askForm = (message: string, properties: Readonly<Record<string, object>>, required: readonly string[] = []): InputRequest => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: { type: 'object', properties, required } },
})

/**
 * The fields that the person filled in. Undefined when there is no response under this key, or the person declined.
 * The fields are not checked against the form: the handler must do that.
 */
export function accepted(
  responses: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const response = responses && Object.hasOwn(responses, key) ? responses[key] : undefined
  if (!isObject(response) || response['action'] !== 'accept') return undefined
  return isObject(response['content']) ? response['content'] : undefined
}
