import { expect, test } from 'vitest'
import type { FileDiff } from '../../testing/gitlab-stand-in/world/file-diff.ts'
import gitlab from './index.ts'
import { gitlabShop } from './testing.ts'

/** Rules for every tool of GitLab. */

const tools = [...gitlab.tools.values()].map((tool) => [tool.name, tool] as const)

test.for(tools)('the whole entry of %s in tools/list has at most 1,200 bytes, and its input is flat', ([, { entry }]) => {
  expect(Buffer.byteLength(JSON.stringify(entry))).toBeLessThanOrEqual(1_200)
  expect(JSON.stringify(entry.inputSchema)).not.toMatch(/"(anyOf|oneOf|allOf|\$ref|\$defs)"/)
})

test('tools that read say so, and those that cannot be undone say so, in their annotations', () => {
  const destroying = tools
    .filter(([, { entry }]) => (entry.annotations as { destructiveHint: boolean }).destructiveHint)
    .map(([name]) => name)
  expect(destroying.sort()).toEqual(['delete_branch', 'merge_merge_request'])
  const writing = tools.filter(([, { level }]) => level === 'write').map(([name]) => name)
  expect(writing.sort()).toEqual([
    'add_comment',
    'commit_files',
    'create_branch',
    'create_merge_request',
    'run_pipeline',
    'save_issue',
    'update_merge_request',
  ])
})

const huge = 'a long line of text that somebody wrote into GitLab\n'.repeat(20_000)

/** The shop with very much of everything in it. */
async function hugeShop() {
  const shop = await gitlabShop()
  const { world } = shop
  const [web] = world.projects
  const bob = world.user('bob')
  if (!web) throw new Error('the shop has a project')
  web.description = huge
  const diff = {
    a_mode: '100644',
    b_mode: '100644',
    diff: `@@ -0,0 +1,20000 @@\n${huge}`,
    renamed_file: false,
    deleted_file: false,
    generated_file: false,
    new_file: true,
    collapsed: false,
    too_large: false,
  }
  const diffs: FileDiff[] = Array.from({ length: 3_000 }, (_, index) => ({
    ...diff,
    old_path: `src/${index}.ts`,
    new_path: `src/${index}.ts`,
  }))
  for (const mergeRequest of web.mergeRequests) Object.assign(mergeRequest, { diffs, description: huge, changesCount: '3000+' })
  for (let count = 0; count < 10_000; count += 1)
    world.addIssue(web, bob, { title: huge.slice(0, 1_000), description: huge.slice(0, 20_000) })
  const last = web.issues.at(-1)
  if (last) last.description = huge
  const trace = huge.repeat(5)
  const job = {
    id: world.nextId(),
    name: 'unit',
    stage: 'test',
    status: 'failed' as const,
    allowFailure: false,
    failureReason: 'script_failure',
    createdAt: world.now(),
    trace,
  }
  const jobs = Array.from({ length: 300 }, (_, index) => ({ ...job, id: job.id + index * 1_000_000, name: `unit ${index}` }))
  world.addPipeline(web, bob, { ref: 'feature', jobs })
  world.commit(web, bob, 'feature', { 'src/huge.txt': huge })
  return Object.assign(shop, { web, job })
}

const inWeb = { project: 'shop/web' }
const inMergeRequest = { ...inWeb, merge_request: '1' }

/** Arguments with which the reading tools read as much as they can. */
const readings: Readonly<Record<string, (job: number) => object>> = {
  search: () => ({ query: 'long', scope: 'issues', limit: 100 }),
  list_projects: () => ({ limit: 100 }),
  get_project: () => ({ ...inWeb, include: ['languages', 'members', 'readme'] }),
  list_refs: () => ({ ...inWeb, limit: 100 }),
  list_tree: () => ({ ...inWeb, ref: 'feature', recursive: true, limit: 100 }),
  get_file: () => ({ ...inWeb, path: 'src/huge.txt', ref: 'feature', max_chars: 60_000 }),
  list_commits: () => ({ ...inWeb, ref: 'feature', limit: 100 }),
  get_diff: () => ({ ...inWeb, from: 'main', to: 'feature', stat_only: false }),
  get_merge_request_diff: () => ({ ...inMergeRequest, stat_only: false }),
  list_discussions: () => ({ ...inMergeRequest, limit: 100 }),
  list_merge_requests: () => ({ ...inWeb, limit: 100 }),
  get_merge_request: () => ({ ...inMergeRequest, include: ['commits', 'description', 'related_issues'] }),
  list_issues: () => ({ ...inWeb, limit: 100 }),
  get_issue: () => ({ ...inWeb, issue: '10000', comments: 50 }),
  get_pipeline: () => ({ ...inWeb, ref: 'feature', history: 50 }),
  get_job_log: (job) => ({ ...inWeb, job, tail_lines: 5_000, max_chars: 60_000 }),
}

test('where GitLab has very much, no reply is longer than a model can take, and none shows a secret of GitLab', async () => {
  await using shop = await hugeShop()
  const { tokens, web, job } = shop
  for (const [tool, args] of Object.entries(readings)) {
    if (!gitlab.tools.has(tool)) continue
    const { data, text } = await shop.call(tool, args(job.id), { token: tokens.alice })
    const reply = JSON.stringify(data)
    expect(`${tool} ${text.length <= 62_000}`).toBe(`${tool} true`)
    expect(`${tool} ${reply.length <= 80_000}`).toBe(`${tool} true`)
    for (const secret of [web.runnersToken, web.importUrl, 'never-shown', tokens.alice]) expect(reply + text).not.toContain(secret)
  }
})

test('every tool that reads is among those', () => {
  const reading = tools.filter(([, { level }]) => level === 'read').map(([name]) => name)
  expect(reading.filter((name) => !(name in readings))).toEqual([])
})

/** Texts that end where a reply or a sentence of an error is cut, and hold the caller's token across that place. */
const acrossTheCut = [260, 273, 276, 290, 476].map((before) => (token: string) => `${'x'.repeat(before)} ${token} tail`)

test('a token that GitLab repeats where a text is cut is shown in no part', async () => {
  await using shop = await gitlabShop()
  const { world, tokens } = shop
  const [web] = world.projects
  if (!web) throw new Error('the shop has a project')
  const shown: string[] = []
  for (const textWith of acrossTheCut) {
    const text = textWith(tokens.alice)
    web.description = text
    for (const one of [...web.issues, ...web.mergeRequests]) Object.assign(one, { title: text, description: text })
    world.commit(web, world.user('alice'), 'feature', { 'a.txt': String(text.length) }, text)
    for (const [tool, args] of [
      ['list_projects', {}],
      ['get_project', inWeb],
      ['list_issues', inWeb],
      ['get_issue', { ...inWeb, issue: '1' }],
      ['list_merge_requests', inWeb],
      ['get_merge_request', { ...inMergeRequest, include: ['description'], max_chars: 500 }],
      ['list_commits', { ...inWeb, ref: 'feature' }],
      ['search', { query: 'xxx', scope: 'issues' }],
    ] as const) {
      const { data, text: said } = await shop.call(tool, args, { token: tokens.alice })
      shown.push(JSON.stringify(data), said)
    }
    const mend = shop.standIn.breakWith({ as: 'message', message: text })
    await shop.call('list_projects', {}, { token: tokens.alice }).catch((error: Error) => shown.push(error.message))
    mend()
  }
  const parts = Array.from({ length: tokens.alice.length - 8 }, (_, at) => tokens.alice.slice(at, at + 9))
  expect(parts.filter((part) => shown.some((text) => text.includes(part)))).toEqual([])
})
