import { canonical, nestsWithin } from '@bir/sdk/contract/canonical'
import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { ToolName } from '@bir/sdk/contract/names'
import type { RemotePolicy } from '@bir/sdk/contract/policy'
import type { ControlClient } from './client.ts'
import { sha256Hex } from '../runtime/sha256.ts'

/** A tool as a remote server lists it. */
export type ListedTool = Readonly<Record<string, unknown>>

/** What became of a report. `leftOut` names tools that cannot be served: misnamed, nested without end, or too many. */
interface Reported {
  posted: boolean
  leftOut: string[]
}

export type ReportDefinitions = (
  id: string,
  server: Pick<RemotePolicy, 'remote' | 'tools'>,
  tools: readonly ListedTool[],
) => Promise<Reported>

const maxTools = 2000
/** Below what the control plane reads, with room for the rest of the report. */
const maxBytes = 7 * 1024 * 1024
const deepest = 64

/**
 * Tells the control plane what a remote server was found to offer, when it is not what was told last. Give it whole lists
 * only: a tool that is left out is taken to be gone. Rejects when the control plane cannot be told; the next list is tried again.
 */
export function reportDefinitions(control: Pick<ControlClient, 'post'>): ReportDefinitions {
  const told = new Map<string, string>()
  const turns = new Map<string, Promise<unknown>>()

  async function report(id: string, { remote, tools: served }: Pick<RemotePolicy, 'remote' | 'tools'>, tools: readonly ListedTool[]) {
    const { kept, leftOut, digest } = prepared(remote.url, tools)
    // A server registered anew at its old address is known to us and not to the policy.
    const isUnknown = served.size === 0 && kept.length > 0
    if (told.get(id) === digest && !isUnknown) return { posted: false, leftOut }
    told.delete(id)
    const body: DefinitionsReport = { server: id, url: remote.url, tools: kept }
    await control.post('/definitions', JSON.stringify(body))
    told.set(id, digest)
    return { posted: true, leftOut }
  }

  /** One after the other: the newest list is to be the last that is told. */
  return (id, server, tools) => {
    const turn = (turns.get(id) ?? Promise.resolve()).then(
      () => report(id, server, tools),
      () => report(id, server, tools),
    )
    turns.set(id, turn)
    return turn
  }
}

/** An approved definition that this plane does not have, its bytes checked against its name. */
export async function fetchDefinition(control: Pick<ControlClient, 'get'>, hash: string, signal?: AbortSignal): Promise<ListedTool> {
  const { bytes } = await control.get(`/definitions/${hash}`, signal)
  if (sha256Hex(bytes) !== hash) throw new Error(`definition ${hash} has other bytes than its name says`)
  return JSON.parse(bytes.toString('utf8')) as ListedTool
}

function prepared(url: string, tools: readonly ListedTool[]) {
  const kept: DefinitionsReport['tools'] = []
  const leftOut: string[] = []
  const hashes: string[] = []
  let bytes = 0
  for (const tool of tools) {
    const name = ToolName.safeParse(tool.name)
    const text = name.success && nestsWithin(tool, deepest) ? canonical(tool) : undefined
    const length = text === undefined ? Infinity : Buffer.byteLength(text)
    if (!name.success || text === undefined || kept.length === maxTools || bytes + length > maxBytes) {
      leftOut.push(String(tool.name).slice(0, 200))
      continue
    }
    bytes += length
    kept.push({ name: name.data, definition: { ...tool } })
    hashes.push(`${name.data} ${sha256Hex(Buffer.from(text))}`)
  }
  return { kept, leftOut, digest: [url, ...hashes.toSorted()].join('\n') }
}
