import { expect, test } from 'vitest'
import type { Job, JobStatus } from '../../../testing/gitlab-stand-in/world/project.ts'
import { gitlabShop } from '../testing.ts'

async function withPipeline(trace = '') {
  const shop = await gitlabShop()
  const { world } = shop
  const [web] = world.projects
  if (!web) throw new Error('the shop has a project')
  const job = (name: string, stage: string, status: JobStatus): Job => ({
    id: world.nextId(),
    name,
    stage,
    status,
    allowFailure: false,
    failureReason: status === 'failed' ? 'script_failure' : undefined,
    createdAt: world.now(),
    trace,
  })
  const jobs = [job('compile', 'build', 'success'), job('unit', 'test', 'failed'), job('release', 'deploy', 'manual')]
  const failedTests = [{ suite: 'cart', name: 'adds', output: 'no' }]
  const pipeline = world.addPipeline(web, world.user('bob'), { ref: 'feature', status: 'failed', jobs, failedTests })
  return Object.assign(shop, { web, pipeline, jobs })
}

test('get_pipeline shows the latest of a merge request: failed jobs first, stages, failed tests', async () => {
  await using shop = await withPipeline()
  const { data, text } = await shop.call('get_pipeline', { merge_request: 'shop/web!1' })
  expect(data).toMatchObject({
    id: shop.pipeline.id,
    status: 'failed',
    failed_jobs: [{ id: shop.jobs[1]?.id, name: 'unit', stage: 'test', failure_reason: 'script_failure' }],
    stages: [
      { name: 'build', jobs: '1 success' },
      { name: 'test', jobs: '1 failed' },
      { name: 'deploy', jobs: '1 manual' },
    ],
    tests: { failed: 1, suites: ['cart: 1 failed'] },
  })
  expect(text.split('\n')[1]).toMatch(/^failed: unit/)
})

test('get_pipeline with history lists those before it', async () => {
  await using shop = await withPipeline()
  shop.world.addPipeline(shop.web, shop.world.user('bob'), { ref: 'feature' })
  const { data } = await shop.call('get_pipeline', { project: 'shop/web', ref: 'feature', history: 5 })
  expect(data['history']).toEqual([expect.stringContaining(`${shop.pipeline.id} failed feature`)])
  await expect(shop.call('get_pipeline', { project: 'shop/web', ref: 'none' })).rejects.toMatchObject({ code: 'not_found' })
})

test('get_job_log shows the end of a log of 5 MB within its budget, and says how to see more', async () => {
  const line = '\u001B[32mcompiled a file\u001B[0m of the shop\n'
  await using shop = await withPipeline(`${line.repeat(5_000_000 / line.length)}\u001B[31;1mERROR: it failed\u001B[0m\n`)
  const { data } = await shop.call('get_job_log', { project: 'shop/web', job: shop.jobs[1]?.id })
  expect(data['log'].length).toBeLessThanOrEqual(12_000)
  expect(data['log']).toMatch(/compiled a file of the shop\nERROR: it failed$/)
  expect(data).toMatchObject({ lines: 200, truncated: true, next: 'tail_lines: 800, max_chars: 48000' })
  expect(data['total_bytes']).toBeGreaterThan(4_900_000)
})

test('get_job_log finds a text with lines around it, and takes it as text', async () => {
  await using shop = await withPipeline('one\ntwo\na.b* here\nthree\nfour\nfive\nA.B* again\n')
  const { data } = await shop.call('get_job_log', { project: 'shop/web', job: shop.jobs[1]?.id, grep: 'a.b*', context: 1 })
  expect(data).toMatchObject({ log: 'two\na.b* here\nthree\n--\nfive\nA.B* again', matches: 2, truncated: false })
})

test('an empty log is an empty log', async () => {
  await using shop = await withPipeline('')
  const { data } = await shop.call('get_job_log', { project: 'shop/web', job: shop.jobs[1]?.id })
  expect(data).toMatchObject({ log: '', lines: 0, truncated: false })
})

test('run_pipeline runs with variables, retries, cancels and plays', async () => {
  await using shop = await withPipeline()
  const run = { project: 'shop/web', action: 'run', ref: 'main', variables: ['A=b=c'] }
  expect((await shop.call('run_pipeline', run)).data).toMatchObject({ kind: 'pipeline', status: 'created' })
  expect(shop.web.pipelines.at(-1)?.variables).toEqual([{ key: 'A', value: 'b=c' }])
  const old = { project: 'shop/web', pipeline: shop.pipeline.id }
  expect((await shop.call('run_pipeline', { ...old, action: 'retry' })).data).toMatchObject({ id: shop.pipeline.id, status: 'pending' })
  expect((await shop.call('run_pipeline', { ...old, action: 'cancel' })).data).toMatchObject({ status: 'canceled' })
  const play = { project: 'shop/web', action: 'play_job', job: shop.jobs[2]?.id }
  expect((await shop.call('run_pipeline', play)).data).toMatchObject({ kind: 'job', status: 'pending' })
  await expect(shop.call('run_pipeline', play)).rejects.toMatchObject({ message: expect.stringContaining('Unplayable Job') })
  await expect(shop.call('run_pipeline', { project: 'shop/web', action: 'run' })).rejects.toMatchObject({
    message: /argument ref is missing/,
  })
  await expect(shop.call('run_pipeline', { ...run, variables: ['A'] })).rejects.toMatchObject({ code: 'invalid_input' })
})
