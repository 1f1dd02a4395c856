import { isObject } from '../json/is-object.ts'
const methods = new Set<unknown>(['elicitation/create', 'sampling/createMessage', 'roots/list'])

/** One of the three questions that have a capability of their own. */
export const isInput = (request: unknown): request is InputRequest =>
  isObject(request) && methods.has(request['method']) && (isObject(request['params']) || request['method'] === 'roots/list')

/** What a client must have declared to be asked this (MCP 2026-07-28, `data.requiredCapabilities` of -32021). */
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

/** What is required and was not declared; undefined when all was. */
export function missingCapabilities(
  declared: Readonly<Record<string, unknown>>,
  requests: readonly InputRequest[],
): Record<string, object> | undefined {
  const missing = requests.map(capabilityFor).filter((required) => !covered(declared, required))
  return missing.length === 0 ? undefined : missing.reduce((all, each) => merged(all, each), {})
}

function covered(declared: Readonly<Record<string, unknown>>, required: Record<string, object>): boolean {
  return Object.entries(required).every(([name, parts]) => {
    const has = declared[name]
    if (typeof has !== 'object' || has === null) return false
    return Object.keys(parts).every((part) => part in has || (part === 'form' && !('url' in has)))
  })
}

function merged(all: Record<string, object>, more: Record<string, object>): Record<string, object> {
  return Object.entries(more).reduce((sum, [name, parts]) => ({ ...sum, [name]: { ...sum[name], ...parts } }), all)
}

/** What a client may be asked in the middle of a request (MCP 2026-07-28, multi-round-trip requests). */
export type InputRequest =
  | { readonly method: 'elicitation/create'; readonly params: Readonly<Record<string, unknown>> }
  | { readonly method: 'sampling/createMessage'; readonly params: Readonly<Record<string, unknown>> }
  | { readonly method: 'roots/list'; readonly params?: Readonly<Record<string, unknown>> }
