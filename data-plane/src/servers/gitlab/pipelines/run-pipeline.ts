import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'

const Started = z.object({ id: z.number(), status: z.string(), web_url: z.string().optional() })

const Pairs = (what: string) => z.array(textArg(10_000)).max(50).describe(what)

export const runPipeline = gitlab.tool({
  name: 'run_pipeline',
  description: 'Runs a new pipeline on a ref, retries the failed jobs of a pipeline, cancels one, or starts a manual job.',
  level: 'write',
  input: z.strictObject({
    project: ProjectArg,
    action: z.enum(['run', 'retry', 'cancel', 'play_job']),
    ref: textArg(255, 'run: branch or tag').optional(),
    variables: Pairs('run: KEY=value').optional(),
    inputs: Pairs('run: name=value').optional(),
    pipeline: z.int().min(1).optional().describe('retry, cancel'),
    job: z.int().min(1).optional().describe('play_job'),
  }),
  output: inBrief(z.object({ kind: z.string(), id: z.number(), status: z.string(), web_url: z.string().optional() })),
  async run({ project, action, ref, variables, inputs, pipeline, job }, context) {
    const gitlabApi = api(context)
    const place = projectId(context.settings, project)
    if (action === 'play_job') {
      const started = await gitlabApi.send('POST', path`/projects/${place}/jobs/${needed('job', job)}/play`, Started)
      return { kind: 'job', ...started }
    }
    if (action !== 'run') {
      const id = needed('pipeline', pipeline)
      const where = action === 'retry' ? path`/projects/${place}/pipelines/${id}/retry` : path`/projects/${place}/pipelines/${id}/cancel`
      return { kind: 'pipeline', ...(await gitlabApi.send('POST', where, Started)) }
    }
    const json = {
      ref: needed('ref', ref),
      variables: variables?.map((pair) => pairOf(pair)).map(([key, value]) => ({ key, value })),
      inputs: inputs && Object.fromEntries(inputs.map((pair) => pairOf(pair))),
    }
    return { kind: 'pipeline', ...(await gitlabApi.send('POST', path`/projects/${place}/pipeline`, Started, { json })) }
  },
  text: ({ kind, id, status, web_url = '' }) => `The ${kind} ${id} is ${status}. ${web_url}`.trim(),
})

function needed<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value
  throw new ToolError('invalid_input', `The argument ${name} is missing for this action.`, { hint: 'Give it, or choose another action.' })
}

function pairOf(pair: string): readonly [string, string] {
  const end = pair.indexOf('=')
  if (end > 0) return [pair.slice(0, end), pair.slice(end + 1)]
  throw new ToolError('invalid_input', 'An entry of variables or inputs is not of the form KEY=value.', { hint: 'Correct it.' })
}
