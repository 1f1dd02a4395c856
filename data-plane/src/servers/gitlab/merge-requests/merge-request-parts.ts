import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { optional } from '../api/gitlab-api.ts'
import type { Numbered } from '../input/reference.ts'
import { Person } from '../shape/person.ts'
import { oneLine } from '../shape/text.ts'

export type MergeRequestPart = 'commits' | 'description' | 'related_issues'

const Approvals = z.object({
  approvals_required: z.number().nullish(),
  approved_by: z.array(z.object({ user: Person })).nullish(),
})

const Discussion = z.object({
  notes: z.array(z.object({ resolvable: z.boolean().nullish(), resolved: z.boolean().nullish() })).default([]),
})

const Commit = z
  .object({ short_id: z.string(), title: z.string() })
  .transform(({ short_id, title }) => `${short_id} ${oneLine(title, 200)}`)
const Issue = z.object({ iid: z.number(), title: z.string() }).transform(({ iid, title }) => `#${iid} ${oneLine(title, 200)}`)

/** What GitLab keeps beside a merge request. Parts that an edition or a token lacks are named in `unavailable`. */
export async function mergeRequestParts(api: HttpApi, { project, iid }: Numbered, include: readonly MergeRequestPart[]) {
  const at = { project, iid }
  const [approvals, threads, commits, issues] = await Promise.all([
    optional(api.get(path`/projects/${project}/merge_requests/${iid}/approvals`, Approvals)),
    optional(countUnresolved(api, at)),
    include.includes('commits')
      ? optional(api.get(path`/projects/${project}/merge_requests/${iid}/commits`, z.array(Commit), { per_page: 100 }))
      : [],
    include.includes('related_issues')
      ? optional(api.get(path`/projects/${project}/merge_requests/${iid}/closes_issues`, z.array(Issue), { per_page: 100 }))
      : [],
  ])
  const found = { approvals, unresolved_threads: threads, commits, related_issues: issues }
  const unavailable = Object.entries(found).flatMap(([name, value]) => (value === undefined ? [name] : []))
  return {
    approvals: approvals && {
      given: approvals.approved_by?.length ?? 0,
      needed: approvals.approvals_required ?? undefined,
      by: (approvals.approved_by ?? []).map(({ user }) => user),
    },
    unresolved_threads: threads,
    commits: include.includes('commits') ? commits : undefined,
    related_issues: include.includes('related_issues') ? issues : undefined,
    unavailable: unavailable.length > 0 ? unavailable : undefined,
  }
}

/** Threads of a merge request with more than a thousand are not counted further. */
const maxPages = 10

async function countUnresolved(api: HttpApi, { project, iid }: Numbered): Promise<number> {
  let count = 0
  for (let page = 1; page <= maxPages; page++) {
    const query = { page, per_page: 100 }
    const { data, headers } = await api.page(path`/projects/${project}/merge_requests/${iid}/discussions`, z.array(Discussion), query)
    count += data.filter(({ notes }) => notes.some(({ resolvable, resolved }) => resolvable === true && resolved !== true)).length
    if (!headers['x-next-page']) break
  }
  return count
}
