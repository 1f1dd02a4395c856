import { z } from 'zod'
import { absent, flag } from './absent.ts'
import { Person } from './person.ts'
import { Line } from './text.ts'
import { Minute } from './time.ts'

/** The members of a merge request that every reply has, as GitLab writes them. */
export const mergeRequestShape = {
  iid: z.number(),
  references: absent(z.object({ full: z.string().optional() })),
  title: Line,
  state: z.string(),
  draft: flag,
  author: absent(Person),
  source_branch: z.string(),
  target_branch: z.string(),
  detailed_merge_status: absent(z.string()),
  has_conflicts: flag,
  updated_at: absent(Minute),
  web_url: z.string(),
}
const MergeRequest = z.object(mergeRequestShape)
type MergeRequest = z.output<typeof MergeRequest>

/** The project's path comes from the reference `group/app!5`. How it can be merged matters while it is open. */
export const mergeRequestHead = (row: MergeRequest) => ({
  iid: row.iid,
  project: row.references?.full?.replace(/!\d+$/, ''),
  title: row.title,
  state: row.state,
  draft: row.draft,
  author: row.author,
  branches: `${row.source_branch} -> ${row.target_branch}`,
  merge_status: row.state === 'opened' ? row.detailed_merge_status : undefined,
  has_conflicts: row.has_conflicts,
  updated_at: row.updated_at,
  web_url: row.web_url,
})

/** A merge request as GitLab lists it. No reply has its id and `created_at`: walks need them. */
export const MergeRequestRow = z
  .object({ ...mergeRequestShape, id: z.number(), created_at: z.string() })
  .transform((row) => ({ ...mergeRequestHead(row), id: row.id, created_at: row.created_at }))

export const mergeRequestItemShape = {
  iid: z.number(),
  project: z.string().optional(),
  title: z.string(),
  state: z.string(),
  draft: z.boolean().optional(),
  author: z.string().optional(),
  branches: z.string(),
  merge_status: z.string().optional(),
  has_conflicts: z.boolean().optional(),
  updated_at: z.string().optional(),
  web_url: z.string(),
}
export const MergeRequestItem = z.object(mergeRequestItemShape)
export type MergeRequestItem = z.input<typeof MergeRequestItem>

export const mergeRequestLine = (item: MergeRequestItem): string => {
  const { project = '', iid, title, state, draft, author, branches, merge_status, has_conflicts, updated_at } = item
  const facts = [state, draft && 'draft', has_conflicts && 'conflicts', merge_status, author, branches, updated_at]
  return `${project}!${iid} ${title} (${facts.filter((fact) => typeof fact === 'string').join(', ')})`
}
