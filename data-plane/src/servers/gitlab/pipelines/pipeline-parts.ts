import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { optional } from '../api/gitlab-api.ts'
import { absent, flag } from '../shape/absent.ts'
import { Line } from '../shape/text.ts'
import { Minute } from '../shape/time.ts'

/** A pipeline as GitLab lists it. */
export const PipelineRow = z.object({
  id: z.number(),
  status: z.string(),
  ref: absent(z.string()),
  sha: absent(z.string()),
  source: absent(z.string()),
  created_at: absent(Minute),
  web_url: absent(z.string()),
})

const Job = z.object({
  id: z.number(),
  name: Line,
  stage: Line,
  status: z.string(),
  allow_failure: flag,
  failure_reason: absent(z.string()),
  duration: absent(z.number()),
})
type Job = z.output<typeof Job>

const Bridge = z.object({ name: Line, status: z.string(), downstream_pipeline: absent(z.object({ id: z.number(), status: z.string() })) })

const Tests = z.object({
  total: z.object({ count: z.number(), failed: z.number(), error: z.number().default(0) }),
  test_suites: z.array(z.object({ name: Line, failed_count: z.number(), error_count: z.number().default(0) })),
})

/** A pipeline has at most so many pages of jobs here; the rest is named as cut. */
const maxJobPages = 5

/** What GitLab keeps beside a pipeline: its jobs by stage, those that failed first, other pipelines, tests. */
export async function pipelineParts(api: HttpApi, project: string, id: number) {
  const [{ jobs, isCut }, bridges, tests] = await Promise.all([
    readJobs(api, project, id),
    optional(api.get(path`/projects/${project}/pipelines/${id}/bridges`, z.array(Bridge), { per_page: 100 })),
    optional(api.get(path`/projects/${project}/pipelines/${id}/test_report_summary`, Tests)),
  ])
  const failed = jobs.filter(({ status }) => status === 'failed')
  const unavailable = [...(bridges ? [] : ['downstream']), ...(tests ? [] : ['tests'])]
  return {
    failed_jobs: failed
      .slice(0, 50)
      .map(({ id, name, stage, failure_reason, allow_failure }) => ({ id, name, stage, failure_reason, allow_failure })),
    stages: stagesOf(jobs),
    downstream: bridges?.map(({ name, status, downstream_pipeline: to }) =>
      to ? `${name}: pipeline ${to.id} ${to.status}` : `${name}: ${status}`,
    ),
    tests: tests && {
      total: tests.total.count,
      failed: tests.total.failed + tests.total.error,
      suites: tests.test_suites
        .filter((suite) => suite.failed_count + suite.error_count > 0)
        .slice(0, 50)
        .map((suite) => `${suite.name}: ${suite.failed_count + suite.error_count} failed`),
    },
    ...(isCut && { truncated: true }),
    ...(unavailable.length > 0 && { unavailable }),
  }
}

async function readJobs(api: HttpApi, project: string, id: number): Promise<{ jobs: Job[]; isCut: boolean }> {
  const jobs: Job[] = []
  for (let page = 1; page <= maxJobPages; page++) {
    const { data, headers } = await api.page(path`/projects/${project}/pipelines/${id}/jobs`, z.array(Job), { per_page: 100, page })
    jobs.push(...data)
    if (!headers['x-next-page']) return { jobs, isCut: false }
  }
  return { jobs, isCut: true }
}

/** GitLab lists the last job first. Of a stage all that is not a plain success is named. */
function stagesOf(jobs: readonly Job[]) {
  const stages = new Map<string, Job[]>()
  for (const job of jobs.toReversed()) stages.set(job.stage, [...(stages.get(job.stage) ?? []), job])
  return [...stages].map(([name, members]) => {
    const counts = Map.groupBy(members, ({ status }) => status)
    const others = members.filter(({ status }) => status !== 'success').slice(0, 20)
    return {
      name,
      jobs: [...counts].map(([status, { length }]) => `${length} ${status}`).join(', '),
      ...(others.length > 0 && { open: others.map(({ id, name, status }) => `${name} (${id}, ${status})`) }),
    }
  })
}
