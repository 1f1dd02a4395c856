import { badRequest, created, notFound, ok, Refusal } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import { numberParam, oneOf, requiredText, route, text, words } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { presentUser } from '../world/people.ts'
import type { Job, Pipeline, Project } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'
import { pipelineOf, projectFor, projectOf } from './find.ts'
import { presentPipeline } from '../present/noteable.ts'

const at = '/projects/:id/pipelines/:pipeline'

export const pipelineRoutes: readonly Route[] = [
  route('GET', '/projects/:id/pipelines', (call) => {
    const ref = text(call, 'ref')
    const status = text(call, 'status')
    const rows = projectOf(call).pipelines.filter(
      (row) => (ref === undefined || row.ref === ref) && (status === undefined || row.status === status),
    )
    return paginate(call, (oneOf(call, 'sort', ['asc', 'desc']) ?? 'desc') === 'asc' ? rows : rows.toReversed(), presentPipeline)
  }),
  route('GET', at, (call) => ok(presentWhole(pipelineOf(call)))),
  route('GET', `${at}/jobs`, (call) => {
    const pipeline = pipelineOf(call)
    const scope = words(call, 'scope')
    const jobs = pipeline.jobs.filter(({ status }) => scope === undefined || scope.includes(status))
    return paginate(call, jobs.toReversed(), (job) => presentJob(job, pipeline))
  }),
  route('GET', `${at}/bridges`, (call) =>
    paginate(call, pipelineOf(call).bridges, ({ id, name, stage, status, downstream }) => ({
      id,
      name,
      stage,
      status,
      created_at: timestamp(call.world.now()),
      downstream_pipeline: downstream ? presentPipeline(downstream) : null,
    })),
  ),
  route('GET', `${at}/test_report_summary`, (call) => {
    const { failedTests } = pipelineOf(call)
    const count = failedTests.length
    return ok({
      total: { time: 12.5, count: count + 100, success: 100, failed: count, skipped: 0, error: 0, suite_error: null },
      test_suites: [...new Set(failedTests.map(({ suite }) => suite))].map((name) => ({
        name,
        total_time: 1,
        total_count: 10,
        success_count: 9,
        failed_count: 1,
        skipped_count: 0,
        error_count: 0,
        build_ids: [],
        suite_error: null,
      })),
    })
  }),
  route('GET', `${at}/test_report`, (call) => {
    const { failedTests } = pipelineOf(call)
    const suites = [...new Set(failedTests.map(({ suite }) => suite))]
    return ok({
      total_time: 12.5,
      total_count: failedTests.length + 100,
      success_count: 100,
      failed_count: failedTests.length,
      skipped_count: 0,
      error_count: 0,
      test_suites: suites.map((suite) => ({
        name: suite,
        total_count: 10,
        failed_count: failedTests.filter((failed) => failed.suite === suite).length,
        test_cases: failedTests
          .filter((failed) => failed.suite === suite)
          .map(({ name, output }) => ({
            status: 'failed',
            name,
            classname: suite,
            execution_time: 0.5,
            system_output: output,
            stack_trace: null,
          })),
      })),
    })
  }),
  route('POST', '/projects/:id/pipeline', run),
  route('POST', `${at}/retry`, (call) => created(change(call, (job) => job.status === 'failed' || job.status === 'canceled', 'pending'))),
  route('POST', `${at}/cancel`, (call) => ok(change(call, (job) => job.status === 'running' || job.status === 'pending', 'canceled'))),
  route('GET', '/projects/:id/jobs/:job', (call) => {
    const { job, pipeline } = jobOf(call, projectOf(call))
    return ok(presentJob(job, pipeline))
  }),
  route('GET', '/projects/:id/jobs/:job/trace', sendTrace),
  route('POST', '/projects/:id/jobs/:job/play', (call) => {
    const { job, pipeline } = jobOf(call, projectFor(call, 'developer'))
    if (job.status !== 'manual') throw badRequest('Unplayable Job')
    job.status = 'pending'
    return ok(presentJob(job, pipeline))
  }),
]

function run(call: Call): Answer {
  const project = projectFor(call, 'developer')
  const ref = requiredText(call, 'ref')
  if (!project.repository.branches.has(ref) && !project.repository.tags.has(ref)) {
    throw new Refusal(400, { message: { base: ['Reference not found'] } })
  }
  const variables = call.input['variables']
  const made = call.world.addPipeline(project, call.user, {
    ref,
    source: 'api',
    status: 'created',
    variables: Array.isArray(variables) ? (variables as object[]) : [],
  })
  return created(presentWhole(made))
}

function change(call: Call, applies: (job: Job) => boolean, status: 'pending' | 'canceled') {
  const pipeline = pipelineOf(call, projectFor(call, 'developer'))
  for (const job of pipeline.jobs) if (applies(job)) job.status = status
  pipeline.status = status
  pipeline.updatedAt = call.world.now()
  return presentWhole(pipeline)
}

function jobOf(call: Call, project: Project): { job: Job; pipeline: Pipeline } {
  const id = numberParam(call, 'job')
  for (const pipeline of project.pipelines) {
    const job = pipeline.jobs.find((job) => job.id === id)
    if (job) return { job, pipeline }
  }
  throw notFound('Job')
}

/** The log as text, or its end where the request names a range of bytes (RFC 9110, section 14). */
function sendTrace(call: Call): Answer {
  const { job } = jobOf(call, projectOf(call))
  const bytes = Buffer.from(job.trace)
  const range = /^bytes=(\d*)-(\d*)$/.exec(String(call.headers['range'] ?? ''))
  if (!range) return ok(bytes)
  const [, from = '', to = ''] = range
  const start = from === '' ? Math.max(0, bytes.length - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes.length - 1 : Math.min(bytes.length - 1, Number(to))
  if (start > end) return { status: 416, body: '', headers: { 'content-range': `bytes */${bytes.length}` } }
  return { status: 206, body: bytes.subarray(start, end + 1), headers: { 'content-range': `bytes ${start}-${end}/${bytes.length}` } }
}

const presentWhole = (pipeline: Pipeline) => ({
  ...presentPipeline(pipeline),
  before_sha: '0'.repeat(40),
  tag: false,
  yaml_errors: null,
  user: presentUser(pipeline.user),
  started_at: timestamp(pipeline.createdAt),
  finished_at: timestamp(pipeline.updatedAt),
  committed_at: null,
  duration: 754,
  queued_duration: 3,
  coverage: null,
})

const presentJob = (job: Job, pipeline: Pipeline) => ({
  id: job.id,
  name: job.name,
  stage: job.stage,
  status: job.status,
  ref: pipeline.ref,
  tag: false,
  coverage: null,
  allow_failure: job.allowFailure,
  failure_reason: job.failureReason,
  created_at: timestamp(job.createdAt),
  started_at: timestamp(job.createdAt),
  finished_at: timestamp(job.createdAt),
  duration: 12.25,
  user: presentUser(pipeline.user),
  pipeline: presentPipeline(pipeline),
  web_url: `https://gitlab.example/${pipeline.project.path}/-/jobs/${job.id}`,
  artifacts: [],
  runner: { id: 1, description: 'a runner', token: 'glrt-of-the-runner-never-shown' },
})
