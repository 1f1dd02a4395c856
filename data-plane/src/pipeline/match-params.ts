import { GatewayError } from '@bir/sdk/contract/errors'
import { decoded } from '../mcp/classify.ts'
import { isObject } from '../mcp/json-rpc.ts'
import { InvalidAnnotation, paramHeadersOf } from '../upstream/param-headers.ts'
import type { ParamHeader } from '../upstream/param-headers.ts'
import type { Guard } from './pipeline.ts'
import type { Ports } from './ports.ts'
import type { Authenticated, Found, Incoming } from './types.ts'

const allowed = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/** Where a tool wants an argument as a header too, both say the same (MCP 2026-07-28, Streamable HTTP, custom headers): who routes by the header must not be deceived. */
export function matchParams({ offers }: Pick<Ports, 'offers'>): Guard<Incoming & Authenticated & Found> {
  const annotated = new WeakMap<object, readonly ParamHeader[]>()

  const annotationsOf = (entry: Readonly<Record<string, unknown>>): readonly ParamHeader[] => {
    const known = annotated.get(entry) ?? read(entry['inputSchema'])
    annotated.set(entry, known)
    return known
  }

  return function matchParams(call, next) {
    if (!call.modern) return next({})
    const entry = offers.of(call.serverId, 'tools/list', call.policy)?.find(({ name }) => name === call.toolName)
    const args = call.asked.params['arguments']
    for (const annotation of entry ? annotationsOf(entry) : []) {
      if (!agree(call.paramHeaders[annotation.header], valueAt(args, annotation.path))) throw mismatch(annotation)
    }
    return next({})
  }
}

/** A tool whose annotations break the rules is listed for no one. */
function read(inputSchema: unknown): readonly ParamHeader[] {
  try {
    return paramHeadersOf(inputSchema)
  } catch (error) {
    if (error instanceof InvalidAnnotation) return []
    throw error
  }
}

function agree(header: string | undefined, value: unknown): boolean {
  if (value === undefined || value === null) return header === undefined
  if (header === undefined || !allowed.test(header)) return false
  if (typeof value === 'number') return /^-?\d+$/.test(header) && Number(header) === value
  return decoded(header) === (typeof value === 'string' ? value : JSON.stringify(value))
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), args)

const mismatch = ({ header, path }: ParamHeader) => {
  const say = `The header ${header} is not the argument ${path.join('.')}.`
  return new GatewayError('headerMismatch', say, { say })
}
