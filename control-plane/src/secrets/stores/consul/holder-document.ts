import { ServerId } from '@bir/sdk/contract/names'
import { SecretFieldName } from '@bir/sdk/contract/secret-form'
import { parseDocument, stringify } from 'yaml'
import type { Document } from 'yaml'
import { z } from 'zod'
import { StoreFault } from '../store.ts'

/** The sealed values of one server. */
const SealedSecret = z.strictObject({
  /** Another number with every value, also after a deletion. */
  version: z.int().positive(),
  /** base64url, by field. */
  fields: z.record(SecretFieldName, z.string().regex(/^[A-Za-z0-9_-]+$/)),
})
export type SealedSecret = z.infer<typeof SealedSecret>

const HolderDocument = z.strictObject({
  format: z.literal('bir-secrets/1'),
  /** `people/<id>`, `groups/<id>` or `shared`. */
  holder: z.string(),
  servers: z.record(ServerId, SealedSecret),
  /** The last line. A document that was written by half does not have it. */
  complete: z.literal(true),
})

/** All secrets of one holder: what lies in Consul below one key. */
export type SealedServers = ReadonlyMap<string, SealedSecret>

const head = '# Bir MCP keeps these secrets. The values are sealed: write new ones by `bir secret put`.\n'

export const writeDocument = (holder: string, servers: SealedServers): string =>
  head + stringify({ format: 'bir-secrets/1', holder, servers: Object.fromEntries(servers), complete: true }, { lineWidth: 0 })

/** Throws `malformed` for what we did not write, or what was written by half. The fault names the key, and no value. */
export function readDocument(key: string, holder: string, bytes: Uint8Array): SealedServers {
  const why = (what: string) =>
    new StoreFault(
      'malformed',
      `What lies in Consul at ${key} is no document of secrets: ${what}. Nothing was written over it. Mend it, or delete the key and put these secrets again.`,
      { unreadable: { storeVersion: undefined } },
    )
  const text = textOf(bytes)
  if (text === undefined) throw why('it is not text in UTF-8')
  const document = parseDocument(text, { schema: 'core', prettyErrors: false })
  const fault = document.errors[0]
  if (fault) throw why(`it is not YAML from character ${fault.pos[0]} on (${fault.code})`)
  const parsed = HolderDocument.safeParse(jsOf(document))
  if (!parsed.success) throw why(`it does not have the form that it should at ${placeOf(parsed.error)}`)
  if (parsed.data.holder !== holder) throw why('it says that it is another holder’s')
  return new Map(Object.entries(parsed.data.servers))
}

/** Undefined when it has aliases, which we never write: they make small texts into large values. */
function jsOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A path such as `servers.gitlab.version`. A name that is none of ours may be anything, also a value: left away. */
const placeOf = ({ issues: [issue] }: z.ZodError): string =>
  issue?.path.map((step) => (/^[a-z0-9-]{1,32}$/.test(String(step)) ? String(step) : '?')).join('.') || 'its top'
