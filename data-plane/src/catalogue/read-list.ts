import type { Log } from '../runtime/log.ts'
import type { Cancel } from '../runtime/cancellation.ts'
import type { ServerSecrets } from '../secrets/in-use.ts'
import { redact } from '../secrets/redact.ts'
import type { ListMethod } from '../protocol/list-methods.ts'
import type { Asker, Upstream } from '../upstream/upstream.ts'
import { displayName } from '../protocol/entries/servable.ts'
import { policyName } from '@bir/sdk/policy-name'
import { BoundedList } from './bounded-list.ts'
import type { ReadEntry } from './bounded-list.ts'

const maxPages = 100
const maxEntries = 5_000

/** A whole list of a server, and what was wrong with it: a sentence each, bounded. */
export interface ReadList {
  readonly entries: readonly ReadEntry[]
  readonly faults: readonly string[]
}

export interface Source {
  readonly server: string
  readonly upstream: Upstream
  readonly secrets: Pick<ServerSecrets, 'values'>
  readonly log: Log
}

const memberOf: Readonly<Record<ListMethod, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'skills/list': 'skills',
}

/** Reads every page of a list as this asker. A list without end is cut, and said to be; what was read of it counts. */
export async function readList(
  { server, upstream, secrets, log }: Source,
  asker: Asker,
  method: ListMethod,
  cancel: Cancel,
): Promise<ReadList> {
  const list = new BoundedList(method, maxEntries)
  const cursors = new Set<unknown>()
  let cursor: unknown
  let why: string | undefined
  for (let page = 0; why === undefined; page++) {
    const params = cursor === undefined ? {} : { cursor }
    const request = { ...asker, method, params, onNotification: () => undefined, cancel }
    // What a server repeats of the gateway's credentials is neither kept, nor reported, nor listed.
    const { value } = redact(await upstream.request(request), secrets.values)
    list.add(value[memberOf[method]])
    cursor = value['nextCursor']
    if (typeof cursor !== 'string') break
    if (page + 1 === maxPages) why = `more than ${maxPages} pages`
    if (cursors.has(cursor)) why = 'pages that come round again'
    if (list.isFull) why = `more than ${maxEntries} entries`
    cursors.add(cursor)
  }
  const { entries, leftOut, faults } = list
  if (why !== undefined) log('warn', 'a list was cut', { server, method, why, kept: entries.length })
  if (leftOut > 0) log('warn', 'entries were left out', { server, method, leftOut, see: '"bir server health" says which and why' })
  const excess = list.isFull && leftOut > 0 ? `more than ${maxEntries} entries` : why
  const cut = excess === undefined ? [] : [`${method} has ${excess}; the first ${entries.length} are offered.`]
  const named = method === 'tools/list' ? nameFaults(entries) : []
  return { entries, faults: [...cut, ...faults, ...named] }
}

/** Tools that many clients cannot call by their own names, and names that two tools have. */
function nameFaults(tools: readonly ReadEntry[]): string[] {
  const names = new Map<string, string>()
  return tools.flatMap(({ raw }) => {
    const own = String(raw['name'])
    const inPolicy = policyName(own)
    const other = names.get(inPolicy)
    if (other === undefined) names.set(inPolicy, own)
    if (other === own) return [`The tool ${displayName(raw)} is listed more than once; the first counts.`]
    if (other !== undefined) return [`The tools ${JSON.stringify(other)} and ${displayName(raw)} cannot be told apart; the first counts.`]
    if (inPolicy === own) return []
    return [
      `The tool ${displayName(raw)} has a name that clients refuse; the policy calls it ${inPolicy}, and so does /mcp behind the server's id.`,
    ]
  })
}
