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

const maxExcerptChars = 600

const facts = (...parts: (string | undefined)[]): string => parts.filter((part) => part !== undefined).join(', ')

const Project = ProjectRow.transform(({ path_with_namespace, description, last_activity_at, web_url }): Found => ({
  ref: path_with_namespace,
  title: description,
  facts: last_activity_at && `active ${last_activity_at}`,
  web_url,
}))

const MergeRequest = MergeRequestRow.transform(({ project = '', iid, title, state, author, branches, updated_at, web_url }): Found => ({
  ref: `${project}!${iid}`,
  title,
  facts: facts(state, author, branches, updated_at),
  web_url,
}))

const Issue = z
  .object({
    iid: z.number(),
    title: Line,
    state: z.string(),
    author: absent(Person),
    updated_at: absent(Minute),
    web_url: z.string(),
    references: absent(z.object({ full: z.string().optional() })),
  })
  .transform(({ iid, title, state, author, updated_at, web_url, references }): Found => ({
    ref: references?.full ?? `#${iid}`,
    title,
    facts: facts(state, author, updated_at),
    web_url,
  }))

/** Code, and pages of a wiki. `startline` is where the excerpt begins. */
const Blob = z
  .object({ path: z.string(), data: z.string(), startline: absent(z.number()), ref: absent(z.string()), project_id: absent(z.number()) })
  .transform(({ path, data, startline, ref, project_id }): Found => ({
    ref: startline === undefined ? path : `${path}:${startline}`,
    facts: facts(project_id === undefined ? undefined : `project ${project_id}`, ref && `ref ${ref}`),
    excerpt: data.slice(0, maxExcerptChars),
  }))

const Commit = z
  .object({
    short_id: z.string(),
    title: Line,
    author_name: absent(z.string()),
    created_at: absent(Minute),
    project_id: absent(z.number()),
  })
  .transform(({ short_id, title, author_name, created_at, project_id }): Found => ({
    ref: short_id,
    title,
    facts: facts(author_name, created_at, project_id === undefined ? undefined : `project ${project_id}`),
  }))

const Milestone = z
  .object({ title: Line, state: z.string(), due_date: absent(z.string()), web_url: absent(z.string()) })
  .transform(({ title, state, due_date, web_url }): Found => ({ ref: title, facts: facts(state, due_date && `due ${due_date}`), web_url }))

const User = z
  .object({ username: z.string(), name: Line, state: absent(z.string()), web_url: absent(z.string()) })
  .transform(({ username, name, state, web_url }): Found => ({ ref: username, title: name, facts: state, web_url }))

const Note = z
  .object({
    body: z.string(),
    author: absent(Person),
    created_at: absent(Minute),
    noteable_type: absent(z.string()),
    noteable_iid: absent(z.number()),
  })
  .transform(({ body, author, created_at, noteable_type, noteable_iid }): Found => ({
    ref: `${noteable_type ?? 'note'}${noteable_iid === undefined ? '' : ` ${noteable_iid}`}`,
    facts: facts(author, created_at),
    excerpt: oneLine(body, maxExcerptChars),
  }))

/** How a thing of this scope is read. */
const rows: Readonly<Record<SearchScope, z.ZodType<Found>>> = {
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

export const rowOf = (scope: SearchScope): z.ZodType<Found> => rows[scope]

export const foundLine = ({ ref, title, facts, excerpt }: Found): string =>
  [`${ref}${title === undefined ? '' : ` ${title}`}${facts ? ` (${facts})` : ''}`, ...(excerpt === undefined ? [] : [excerpt])].join('\n')
