import { isObject } from '../json/is-object.ts'

const methods = new Set<unknown>(['elicitation/create', 'sampling/createMessage', 'roots/list'])

/**
 * The most that a server may ask of a client at once, in characters of JSON: a picture for a model fits, and nobody
 * reads more.
 */
export const MAX_QUESTION_CHARS = 1024 * 1024
/** At once, in one call. */
export const MAX_QUESTIONS = 16

/** Whether this is one of the three input requests, each of which requires a capability of the client. */
export const isInput = (request: unknown): request is InputRequest =>
  isObject(request) && methods.has(request['method']) && (isObject(request['params']) || request['method'] === 'roots/list')

/** What a client must have declared to get this request (MCP 2026-07-28, `data.requiredCapabilities` of -32021). */
function capabilityFor({ method, params }: InputRequest): Record<string, object> {
  switch (method) {
    case 'elicitation/create':
      return params['mode'] === 'url' ? { elicitation: { url: {} } } : { elicitation: { form: {} } }
    case 'sampling/createMessage':
      return params['tools'] === undefined ? { sampling: {} } : { sampling: { tools: {} } }
    case 'roots/list':
      return { roots: {} }
  }
}

/** The capabilities that the requests require and the client has not declared; undefined when none is missing. */
export function missingCapabilities(
  declared: Readonly<Record<string, unknown>>,
  requests: readonly InputRequest[],
): Record<string, object> | undefined {
  const missing = requests.map(capabilityFor).filter((required) => !isDeclared(declared, required))
  return missing.length === 0 ? undefined : missing.reduce((merged, required) => merge(merged, required), {})
}

function isDeclared(declared: Readonly<Record<string, unknown>>, required: Record<string, object>): boolean {
  return Object.entries(required).every(([name, parts]) => {
    const capability = declared[name]
    if (typeof capability !== 'object' || capability === null) return false
    return Object.keys(parts).every((part) => part in capability || (part === 'form' && !('url' in capability)))
  })
}

function merge(target: Record<string, object>, source: Record<string, object>): Record<string, object> {
  return Object.entries(source).reduce((sum, [name, parts]) => ({ ...sum, [name]: { ...sum[name], ...parts } }), target)
}

/** What a server may ask of a client in the middle of a request (MCP 2026-07-28, multi-round-trip requests). */
export type InputRequest =
  | { readonly method: 'elicitation/create'; readonly params: Readonly<Record<string, unknown>> }
  | { readonly method: 'sampling/createMessage'; readonly params: Readonly<Record<string, unknown>> }
  | { readonly method: 'roots/list'; readonly params?: Readonly<Record<string, unknown>> }
