import { z } from 'zod'
import { absent } from '../shape/absent.ts'
import { MergeRequestRow } from '../shape/merge-request.ts'
import { Person } from '../shape/person.ts'
import { ProjectRow } from '../shape/project.ts'
import { Line, oneLine } from '../shape/text.ts'
import { Minute } from '../shape/time.ts'

export const SEARCH_SCOPES = [
  'projects',
  'issues',
  'merge_requests',
  'blobs',
  'commits',
  'milestones',
  'users',
  'wiki_blobs',
  'notes',
] as const
export type SearchScope = (typeof SEARCH_SCOPES)[number]

/** What a search found: its natural key, and what a person needs to choose among several. */
export const Found = z.object({
  ref: z.string(),
  title: z.string().optional(),
  facts: z.string().optional(),
  excerpt: z.string().optional(),
  web_url: z.string().optional(),
})
export type Found = z.input<typeof Found>

/** For walks alone: a key that stays the thing's own whatever becomes of it. No reply has it. */
type FoundRow = Found & { readonly key: string | number }

const maxExcerptChars = 600

const facts = (...parts: (string | undefined)[]): string => parts.filter((part) => part !== undefined).join(', ')

const Project = ProjectRow.transform(({ id, path_with_namespace, description, last_activity_at, web_url }): FoundRow => ({
  key: id,
  ref: path_with_namespace,
  title: description,
  facts: last_activity_at && `active ${last_activity_at}`,
  web_url,
}))

const MergeRequest = MergeRequestRow.transform(
  ({ id, project = '', iid, title, state, author, branches, updated_at, web_url }): FoundRow => ({
    key: id,
    ref: `${project}!${iid}`,
    title,
    facts: facts(state, author, branches, updated_at),
    web_url,
  }),
)

const Issue = z
  .object({
    id: z.number(),
    iid: z.number(),
    title: Line,
    state: z.string(),
    author: absent(Person),
    updated_at: absent(Minute),
    web_url: z.string(),
    references: absent(z.object({ full: z.string().optional() })),
  })
  .transform(({ id, iid, title, state, author, updated_at, web_url, references }): FoundRow => ({
    key: id,
    ref: references?.full ?? `#${iid}`,
    title,
    facts: facts(state, author, updated_at),
    web_url,
  }))

/** Code, and pages of a wiki. `startline` is where the excerpt begins. */
const Blob = z
  .object({ path: z.string(), data: z.string(), startline: absent(z.number()), ref: absent(z.string()), project_id: absent(z.number()) })
  .transform(({ path, data, startline, ref, project_id }): FoundRow => ({
    key: JSON.stringify([project_id, path, startline]),
    ref: startline === undefined ? path : `${path}:${startline}`,
    facts: facts(project_id === undefined ? undefined : `project ${project_id}`, ref && `ref ${ref}`),
    excerpt: data.slice(0, maxExcerptChars),
  }))

const Commit = z
  .object({
    id: z.string(),
    short_id: z.string(),
    title: Line,
    author_name: absent(Line),
    created_at: absent(Minute),
    project_id: absent(z.number()),
  })
  .transform(({ id, short_id, title, author_name, created_at, project_id }): FoundRow => ({
    key: `${project_id} ${id}`,
    ref: short_id,
    title,
    facts: facts(author_name, created_at, project_id === undefined ? undefined : `project ${project_id}`),
  }))

const Milestone = z
  .object({ id: z.number(), title: Line, state: z.string(), due_date: absent(z.string()), web_url: absent(z.string()) })
  .transform(({ id, title, state, due_date, web_url }): FoundRow => ({
    key: id,
    ref: title,
    facts: facts(state, due_date && `due ${due_date}`),
    web_url,
  }))

const User = z
  .object({ username: z.string(), name: Line, state: absent(z.string()), web_url: absent(z.string()) })
  .transform(({ username, name, state, web_url }): FoundRow => ({ key: username, ref: username, title: name, facts: state, web_url }))

const Note = z
  .object({
    id: z.number(),
    body: z.string(),
    author: absent(Person),
    created_at: absent(Minute),
    noteable_type: absent(z.string()),
    noteable_iid: absent(z.number()),
  })
  .transform(({ id, body, author, created_at, noteable_type, noteable_iid }): FoundRow => ({
    key: id,
    ref: `${noteable_type ?? 'note'}${noteable_iid === undefined ? '' : ` ${noteable_iid}`}`,
    facts: facts(author, created_at),
    excerpt: oneLine(body, maxExcerptChars),
  }))

/** How a thing of this scope is read. */
const rows: Readonly<Record<SearchScope, z.ZodType<FoundRow>>> = {
  projects: Project,
  issues: Issue,
  merge_requests: MergeRequest,
  blobs: Blob,
  commits: Commit,
  milestones: Milestone,
  users: User,
  wiki_blobs: Blob,
  notes: Note,
}

export const rowOf = (scope: SearchScope): z.ZodType<FoundRow> => rows[scope]

export const foundLine = ({ ref, title, facts, excerpt }: Found): string =>
  [`${ref}${title === undefined ? '' : ` ${title}`}${facts ? ` (${facts})` : ''}`, ...(excerpt === undefined ? [] : [excerpt])].join('\n')
