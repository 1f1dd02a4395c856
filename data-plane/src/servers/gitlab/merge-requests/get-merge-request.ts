import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { MergeRequestArg, ProjectArg } from '../input/text-arg.ts'
import { numbered } from '../input/reference.ts'
import { absent, absentList } from '../shape/absent.ts'
import { mergeRequestHead, mergeRequestItemShape, mergeRequestShape } from '../shape/merge-request.ts'
import { Person } from '../shape/person.ts'
import { Minute } from '../shape/time.ts'
import { mergeRequestParts } from './merge-request-parts.ts'

const MergeRequest = z.object({
  ...mergeRequestShape,
  description: absent(z.string()),
  sha: absent(z.string()),
  changes_count: absent(z.string()),
  head_pipeline: absent(z.object({ id: z.number(), status: z.string() })),
  reviewers: absentList(Person),
  assignees: absentList(Person),
  labels: absentList(z.string()),
  milestone: absent(z.object({ title: z.string() })),
  merged_at: absent(Minute),
  created_at: absent(Minute),
})

export const getMergeRequest = gitlab.tool({
  name: 'get_merge_request',
  description:
    'A merge request in one reply: state, conflicts, approvals, pipeline, open threads, number of changed files, head sha. Can include commits, description and the issues it closes.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    merge_request: MergeRequestArg,
    include: z
      .array(z.enum(['commits', 'description', 'related_issues']))
      .max(3)
      .default([]),
    max_chars: z.number().int().min(500).max(60_000).default(12_000).describe('Most characters of the description'),
  }),
  output: inBrief(
    z.object({
      ...mergeRequestItemShape,
      created_at: z.string().optional(),
      merged_at: z.string().optional(),
      sha: z.string().optional(),
      changes_count: z.string().optional(),
      reviewers: z.array(z.string()).optional(),
      assignees: z.array(z.string()).optional(),
      labels: z.array(z.string()).optional(),
      milestone: z.string().optional(),
      approvals: z.object({ given: z.number(), needed: z.number().optional(), by: z.array(z.string()) }).optional(),
      pipeline: z.object({ id: z.number(), status: z.string() }).optional(),
      unresolved_threads: z.number().optional(),
      commits: z.array(z.string()).optional(),
      related_issues: z.array(z.string()).optional(),
      description: z.string().optional(),
      truncated: z.boolean().optional(),
      unavailable: z.array(z.string()).optional(),
    }),
  ),
  async run({ project, merge_request, include, max_chars }, context) {
    const gitlabApi = api(context)
    const place = numbered(context.settings, 'merge_request', merge_request, project)
    const found = await gitlabApi.get(path`/projects/${place.project}/merge_requests/${place.iid}`, MergeRequest)
    const { created_at, merged_at, sha, changes_count, reviewers, assignees, labels, milestone, head_pipeline } = found
    const parts = await mergeRequestParts(gitlabApi, place, include)
    const description = include.includes('description') ? found.description : undefined
    return {
      ...mergeRequestHead(found),
      created_at,
      merged_at,
      sha,
      changes_count,
      reviewers,
      assignees,
      labels,
      milestone: milestone?.title,
      pipeline: head_pipeline,
      description: description?.slice(0, max_chars),
      truncated: (description !== undefined && description.length > max_chars) || undefined,
      ...parts,
    }
  },
})
