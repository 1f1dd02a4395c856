import { GatewayError } from '@bir/sdk/contract/errors'
import { valueAt } from '../../json/value-at.ts'
import { headerText, isHeaderValue } from '../../protocol/headers/encoding.ts'
import { InvalidAnnotation, paramHeadersOf } from '../../protocol/headers/param-headers.ts'
import type { ParamHeader } from '../../protocol/headers/param-headers.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, ResolvedTool, Incoming } from '../call/types.ts'

type Entries = readonly Readonly<Record<string, unknown>>[]

/**
 * If the schema of a tool maps an argument to `Mcp-Param-*`, header and argument must be equal; otherwise a proxy
 * could route on a value that the tool never sees (MCP 2026-07-28, Streamable HTTP, custom headers).
 */
export function matchParamHeaders({ catalogue }: Pick<Ports, 'catalogue'>): Guard<Incoming & Authenticated & ResolvedTool> {
  const annotated = new WeakMap<Entries, ReadonlyMap<unknown, readonly ParamHeader[]>>()

  /** By tool name; only tools that have such headers. */
  const annotationsOf = (entries: Entries): ReadonlyMap<unknown, readonly ParamHeader[]> => {
    const annotations = annotated.get(entries) ?? readAll(entries)
    annotated.set(entries, annotations)
    return annotations
  }

  return function matchParamHeaders(call, next) {
    if (!call.modern) return next({})
    const entries = catalogue.entries(call.serverId, 'tools/list', call.policy, call.token.subject.id)
    const annotations = entries && annotationsOf(entries).get(call.upstreamCall.params['name'])
    if (!annotations) return next({})
    const args = call.upstreamCall.params['arguments']
    for (const annotation of annotations) {
      if (!agree(call.paramHeaders[annotation.header], valueAt(args, annotation.path))) throw mismatch(annotation)
    }
    return next({})
  }
}

/** Of two tools with the same name, the first counts. */
function readAll(entries: Entries): ReadonlyMap<unknown, readonly ParamHeader[]> {
  const first = new Map(entries.toReversed().map(({ name, inputSchema }) => [name, read(inputSchema)]))
  return new Map([...first].filter(([, annotations]) => annotations.length > 0))
}

/** A tool whose annotations break the rules has no such headers: it is listed to nobody. */
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
  if (header === undefined || !isHeaderValue(header)) return false
  if (typeof value === 'number') return /^-?\d+$/.test(header) && Number(header) === value
  return headerText(header) === (typeof value === 'string' ? value : JSON.stringify(value))
}

const mismatch = ({ header, path }: ParamHeader) => {
  const message = `The header ${header} is not the argument ${path.join('.')}.`
  return new GatewayError('headerMismatch', message, { publicMessage: message })
}
