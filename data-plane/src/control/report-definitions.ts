import { canonical, nestsWithin } from '@bir/sdk/contract/canonical'
import type { DefinitionsReport } from '@bir/sdk/contract/internal'
import { ToolName } from '@bir/sdk/contract/names'
import type { RemotePolicy } from '@bir/sdk/contract/policy'
import type { ControlClient } from './client.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import { policyName } from '@bir/sdk/policy-name'
import { textOf } from '../json/text-of.ts'

/** A tool as a remote server lists it. */
export type ListedTool = Readonly<Record<string, unknown>>

/** The result of a report. `leftOut` has the tools that cannot be served: nested too deeply, or too many. */
interface ReportResult {
  posted: boolean
  leftOut: string[]
}

export type ReportDefinitions = (
  id: string,
  server: Pick<RemotePolicy, 'remote' | 'tools'>,
  tools: readonly ListedTool[],
) => Promise<ReportResult>

const maxTools = 2000
/** Less than the control plane reads, to leave room for the rest of the report. */
const maxBytes = 7 * 1024 * 1024
const maxDepth = 64

/**
 * Reports the tools of a remote server to the control plane, when they differ from the last report. Needs complete
 * lists: a tool that is missing counts as removed. Rejects when the report fails; the next list is reported again.
 */
export function reportDefinitions(control: Pick<ControlClient, 'post'>): ReportDefinitions {
  const reportedDigests = new Map<string, string>()
  const runningReports = new Map<string, Promise<unknown>>()

  async function report(id: string, { remote, tools: served }: Pick<RemotePolicy, 'remote' | 'tools'>, tools: readonly ListedTool[]) {
    const { servable, leftOut, digest } = prepareReport(remote.url, tools)
    // The policy has no tools for a server that was removed and registered again at its old address.
    const isNewToPolicy = served.size === 0 && servable.length > 0
    if (reportedDigests.get(id) === digest && !isNewToPolicy) return { posted: false, leftOut }
    reportedDigests.delete(id)
    const body: DefinitionsReport = { server: id, url: remote.url, tools: servable }
    await control.post('/definitions', JSON.stringify(body))
    reportedDigests.set(id, digest)
    return { posted: true, leftOut }
  }

  // Reports of a server run one after the other, so that the newest list arrives last.
  return (id, server, tools) => {
    const running = (runningReports.get(id) ?? Promise.resolve()).then(
      () => report(id, server, tools),
      () => report(id, server, tools),
    )
    runningReports.set(id, running)
    return running
  }
}

/** Fetches an approved definition that this plane does not have, and checks its bytes against its hash. */
export async function fetchDefinition(control: Pick<ControlClient, 'get'>, hash: string, signal?: AbortSignal): Promise<ListedTool> {
  const { bytes } = await control.get(`/definitions/${hash}`, signal)
  if (sha256Hex(bytes) !== hash) throw new Error(`definition ${hash} has other bytes than its name says`)
  return JSON.parse(bytes.toString('utf8')) as ListedTool
}

function prepareReport(url: string, tools: readonly ListedTool[]) {
  const servable: DefinitionsReport['tools'] = []
  const leftOut: string[] = []
  const hashes: string[] = []
  let bytes = 0
  for (const tool of tools) {
    const name = ToolName.safeParse(typeof tool['name'] === 'string' ? policyName(tool['name']) : undefined)
    const text = name.success && nestsWithin(tool, maxDepth) ? canonical(tool) : undefined
    const length = text === undefined ? Infinity : Buffer.byteLength(text)
    if (!name.success || text === undefined || servable.length === maxTools || bytes + length > maxBytes) {
      leftOut.push(textOf(tool['name']).slice(0, 200))
      continue
    }
    bytes += length
    servable.push({ name: name.data, definition: { ...tool } })
    hashes.push(`${name.data} ${sha256Hex(text)}`)
  }
  return { servable, leftOut, digest: [url, ...hashes.toSorted()].join('\n') }
}
