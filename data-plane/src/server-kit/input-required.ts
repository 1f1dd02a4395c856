import type { InputRequest } from '../protocol/input-capability.ts'

/** Instead of an answer: the client is asked, and the request comes again with what it said. */
export class InputRequired {
  readonly requests: Readonly<Record<string, InputRequest>>
  /** Comes back as `context.requestState`; sealed on the way, so it may be believed. */
  readonly state: unknown

  constructor(requests: Readonly<Record<string, InputRequest>>, state: unknown) {
    this.requests = requests
    this.state = state
  }
}

/** Returned by a handler that needs to know more: requests by keys of its own, and what it must remember until the retry. */
export const inputRequired = (requests: Readonly<Record<string, InputRequest>>, state?: unknown): InputRequired =>
  new InputRequired(requests, state)

/** A form for the person at the client: flat properties, as JSON Schema. */
export const askForm = (message: string, properties: Readonly<Record<string, object>>, required: readonly string[] = []): InputRequest => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: { type: 'object', properties, required } },
})

/** What the person filled in; undefined when there is no such answer, or it was declined. Still anybody's word: check it. */
export function accepted(
  responses: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const response = responses && Object.hasOwn(responses, key) ? responses[key] : undefined
  if (!isRecord(response) || response['action'] !== 'accept') return undefined
  return isRecord(response['content']) ? response['content'] : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
