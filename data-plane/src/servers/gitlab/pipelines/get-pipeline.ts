import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import type { Path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import type { GitLabContext } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered, projectId } from '../input/reference.ts'
import { MergeRequestArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { pipelineParts, PipelineRow } from './pipeline-parts.ts'

const brief = <Type extends z.ZodType>(type: Type) => inBrief(type).optional()

interface Asked {
  project?: string | undefined
  pipeline?: number | undefined
  ref?: string | undefined
  merge_request?: string | undefined
}

export const getPipeline = gitlab.tool({
  name: 'get_pipeline',
  description:
    'A pipeline by number, or the latest (of a ref or merge request): failed jobs first, stages, failed tests. history: also the last n before it.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    pipeline: z.int().min(1).optional(),
    ref: textArg(255).optional(),
    merge_request: MergeRequestArg.optional(),
    history: z.int().min(0).max(50).default(0),
  }),
  output: inBrief(
    z.object({
      id: z.number(),
      status: z.string(),
      ref: brief(z.string()),
      sha: brief(z.string()),
      source: brief(z.string()),
      created_at: brief(z.string()),
      web_url: brief(z.string()),
      failed_jobs: brief(
        z.array(
          z.object({
            id: z.number(),
            name: z.string(),
            stage: z.string(),
            failure_reason: z.string().optional(),
            allow_failure: z.boolean().optional(),
          }),
        ),
      ),
      stages: brief(z.array(z.object({ name: z.string(), jobs: z.string(), open: z.array(z.string()).optional() }))),
      downstream: brief(z.array(z.string())),
      tests: brief(z.object({ total: z.number(), failed: z.number(), suites: z.array(z.string()) })),
      history: brief(z.array(z.string())),
      truncated: brief(z.boolean()),
      unavailable: brief(z.array(z.string())),
    }),
    ['id', 'status', 'failed_jobs'],
  ),
  async run({ history, ...asked }, context) {
    const gitlabApi = api(context)
    const { project, list, query } = placeOf(asked, context)
    const rows = asked.pipeline === undefined || history > 0 ? await listed(gitlabApi, list, query, history + 1) : []
    const id = asked.pipeline ?? rows[0]?.id
    if (id === undefined) throw none()
    const [found, parts] = await Promise.all([
      gitlabApi.get(path`/projects/${project}/pipelines/${id}`, PipelineRow),
      pipelineParts(gitlabApi, project, id),
    ])
    const others = rows.filter((row) => row.id !== id).slice(0, history)
    return {
      ...found,
      ...parts,
      ...(history > 0 && {
        history: others.map(({ id, status, ref, created_at }) => [id, status, ref, created_at].filter(Boolean).join(' ')),
      }),
    }
  },
  text: ({ id, status, ref, created_at, failed_jobs, stages, tests }) =>
    [
      `Pipeline ${id} ${status}${ref === undefined ? '' : ` of ${ref}`}${created_at === undefined ? '' : `, ${created_at}`}`,
      ...failed_jobs.map(
        ({ id, name, stage, failure_reason = '', allow_failure }) =>
          `failed: ${name} (job ${id}, ${stage}) ${failure_reason}${allow_failure ? ', allowed to fail' : ''}`,
      ),
      ...stages.map(({ name, jobs, open = [] }) => `${name}: ${jobs}${open.length > 0 ? `: ${open.join(', ')}` : ''}`),
      ...(tests ? [`${tests.failed} of ${tests.total} tests failed`, ...tests.suites] : []),
    ].join('\n'),
})

/** Where its pipelines are listed. */
function placeOf(
  { project, ref, merge_request }: Asked,
  { settings }: GitLabContext,
): { project: string; list: Path; query: { ref?: string | undefined } } {
  if (merge_request !== undefined) {
    const at = numbered(settings, 'merge_request', merge_request, project)
    return { project: at.project, list: path`/projects/${at.project}/merge_requests/${at.iid}/pipelines`, query: {} }
  }
  if (project === undefined)
    throw new ToolError('invalid_input', 'The argument project is missing.', { hint: 'Give project, or the address of a merge request.' })
  const place = projectId(settings, project)
  return { project: place, list: path`/projects/${place}/pipelines`, query: { ref } }
}

const listed = (api: HttpApi, list: Path, query: { ref?: string | undefined }, count: number) =>
  api.get(list, z.array(PipelineRow), { ...query, per_page: count })

const none = () =>
  new ToolError('not_found', 'There is no such pipeline, or it is not visible with your token.', {
    hint: 'Check ref or merge_request; without them the latest of the project is shown.',
  })
