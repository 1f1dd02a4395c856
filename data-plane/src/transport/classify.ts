import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'
import { headerText } from '../protocol/headers/encoding.ts'
import { foldedHeader } from '../protocol/headers/folded-header.ts'
import { modernClientFacts } from '../protocol/client-info.ts'
import type { Message } from '../protocol/json-rpc.ts'
import { isObject } from '../json/is-object.ts'
import type { LegacyVersion, ModernVersion } from '../protocol/versions.ts'
import { ENVELOPE_KEYS } from '../protocol/facts/envelope-keys.ts'
import { isLegacy, isModern, LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol/versions.ts'
import type { ClientFacts } from '../protocol/notification.ts'

/** The era of a message, and what its client says of itself there. */
export interface Classified {
  readonly modern: boolean
  readonly version: ModernVersion | LegacyVersion | undefined
  readonly sessionId: string | undefined
  readonly client: ClientFacts
}

/**
 * A version in `_meta`, or a header with a version that is not legacy, means the modern era; everything else is
 * legacy. Throws when header and body disagree (MCP 2026-07-28, Streamable HTTP).
 */
export function classify(message: Message, headers: IncomingHttpHeaders): Classified {
  const meta = isObject(message.params['_meta']) ? message.params['_meta'] : {}
  const claim = meta[ENVELOPE_KEYS.version]
  const version = singleValue(headers, 'mcp-protocol-version')
  const legacy = claim === undefined && (message.method === 'initialize' || version === undefined || isLegacy(version))
  return legacy ? asLegacy(message, headers, version) : asModern(message, headers, meta)
}

function asLegacy({ method, params }: Message, headers: IncomingHttpHeaders, version: string | undefined): Classified {
  return {
    modern: false,
    version: isLegacy(version) ? version : undefined,
    sessionId: singleValue(headers, 'mcp-session-id'),
    client: method === 'initialize' ? initializing(params) : unknownClient,
  }
}

/** What is known of a legacy client until its session is opened. */
const unknownClient: ClientFacts = { capabilities: {}, info: undefined, logLevel: undefined }

function initializing({ capabilities, clientInfo }: Message['params']): ClientFacts {
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    info: isObject(clientInfo) ? clientInfo : undefined,
    logLevel: undefined,
  }
}

function asModern(message: Message, headers: IncomingHttpHeaders, meta: Record<string, unknown>): Classified {
  const version = singleValue(headers, 'mcp-protocol-version')
  const claim = meta[ENVELOPE_KEYS.version]
  if (claim === undefined) {
    if (version !== undefined && !isModern(version)) throw unsupported(version, [...MODERN_VERSIONS, ...LEGACY_VERSIONS])
    throw incomplete(`params._meta lacks ${ENVELOPE_KEYS.version}.`)
  }
  if (typeof claim !== 'string') throw incomplete(`${ENVELOPE_KEYS.version} is not text.`)
  if (version !== claim)
    throw mismatch(
      version === undefined ? 'The header MCP-Protocol-Version is missing.' : 'MCP-Protocol-Version is not the version in params._meta.',
    )
  if (!isModern(claim)) throw unsupported(claim, MODERN_VERSIONS)
  if (!isObject(meta[ENVELOPE_KEYS.capabilities])) throw incomplete(`params._meta lacks ${ENVELOPE_KEYS.capabilities}.`)
  agree(message, headers)
  return { modern: true, version: claim, sessionId: undefined, client: modernClientFacts(message.params) }
}

/** Methods whose subject the header Mcp-Name repeats, and the parameter that has it. */
const namedBy: Record<string, string> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

function agree({ id, method, params }: Message, headers: IncomingHttpHeaders): void {
  const mcpMethod = singleValue(headers, 'mcp-method')
  if (mcpMethod === undefined && id !== undefined) throw mismatch('The header Mcp-Method is missing.')
  if (mcpMethod !== undefined && mcpMethod !== method) throw mismatch('Mcp-Method is not the method of the body.')

  const key = Object.hasOwn(namedBy, method) ? namedBy[method] : undefined
  if (key === undefined) return
  const name = singleValue(headers, 'mcp-name')
  if (name === undefined) throw mismatch('The header Mcp-Name is missing.')
  if (headerText(name) !== params[key]) throw mismatch(`Mcp-Name is not params.${key} of the body.`)
}

/** The value of a header. Node joins a header that came twice, and the joined value equals none that is expected. */
function singleValue(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/**
 * Headers that may come only once. Of some, Node takes the first when they come twice, while a proxy in front may have
 * read the last.
 */
const headerNames = new Set(['mcp-protocol-version', 'mcp-session-id', 'mcp-method', 'mcp-name', 'authorization', 'host', 'content-type'])

const paramPrefix = 'mcp-param-'

const initials = new Set('mahcMAHC')

const none: Readonly<Record<string, string>> = {}

/**
 * The `Mcp-Param-*` headers, by their lower-case names. Throws when a header that decides something came more than
 * once, also when it came in a spelling that CGI takes for the same (`Mcp_Name`), and when `Connection` names one of
 * the parameters: then a proxy may have removed it (RFC 9110, 7.6.1).
 */
export function paramHeadersIn(rawHeaders: readonly string[]): Readonly<Record<string, string>> {
  const seenNames: string[] = []
  let params: Record<string, string> | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? ''
    if (!initials.has(raw[0] ?? '')) continue
    const name = raw.toLowerCase()
    const folded = foldedHeader(name)
    const isParam = folded.startsWith(paramPrefix)
    if (name === 'connection' && rawHeaders[at + 1]?.toLowerCase().includes(paramPrefix))
      throw mismatch('Connection names an Mcp-Param header.')
    if (!isParam && !headerNames.has(folded)) continue
    if (isParam ? !name.startsWith(paramPrefix) : name !== folded)
      throw mismatch(`The header ${name.slice(0, 100)} can be read as ${folded.slice(0, 100)}.`)
    if (seenNames.includes(folded)) throw mismatch(`The header ${name.slice(0, 100)} came more than once.`)
    seenNames.push(folded)
    if (isParam) (params ??= {})[name] = rawHeaders[at + 1] ?? ''
  }
  return params ?? none
}

const mismatch = (message: string) => new GatewayError('headerMismatch', message, { publicMessage: message })

const incomplete = (message: string) => new GatewayError('invalidEnvelope', message, { publicMessage: message })

/**
 * A client that claims a version in `_meta` is told the versions that can be claimed so. A client that only names one
 * in a header is told all.
 */
const unsupported = (requested: string, supported: readonly string[]) =>
  new GatewayError('unsupportedVersion', 'a protocol version we do not speak', {
    data: { supported, requested: requested.slice(0, 100) },
  })
