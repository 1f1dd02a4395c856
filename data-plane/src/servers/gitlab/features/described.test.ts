import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readDescription } from '../../../testing/api-description/description.ts'
import { requestFaults } from '../../../testing/api-description/request-faults.ts'
import gitlab from '../index.ts'
import { gitlabShop } from '../testing.ts'

/** Public descriptions of GitLab's API v4. They lie beside the project where its makers have them. */
const specs = fileURLToPath(new URL('../../../../../../shared/specs/', import.meta.url))
const files = { types: `${specs}gitlab-v4-subset-2025.yaml`, names: `${specs}gitlab-v4-research-2022.yaml` }
const lacking = Object.values(files).some((file) => !existsSync(file))

const inWeb = { project: 'shop/web' }
const inMergeRequest = { ...inWeb, merge_request: '1' }
const yesterday = new Date(Date.now() - 86_400_000).toISOString()

type Shop = Awaited<ReturnType<typeof gitlabShop>>
/** `thread` stands for the one that was begun last. */
type Call = [tool: string, args: object, token?: string]
const lastThread = 'the last thread'

/** What GitLab's documentation has of these operations and neither description: paging, and what came later. */
const documented: Readonly<Record<string, readonly string[]>> = {
  '/projects/{id}/merge_requests': [
    'scope',
    'author_username',
    'reviewer_username',
    'labels',
    'target_branch',
    'updated_after',
    'order_by',
    'sort',
  ],
  '/projects/{id}/repository/commits': ['author'],
  '/projects/{id}/repository/commits/{sha}/diff': ['unidiff'],
  '/projects/{id}/repository/compare': ['unidiff'],
  '/projects/{id}/repository/files/{file_path}/blame': ['ref', 'range[start]', 'range[end]'],
  '/projects/{id}/repository/files/{file_path}/raw': ['ref'],
  '/projects/{id}/repository/tree': ['recursive', 'pagination'],
}
const paging = ['page', 'per_page']

/** Calls with which each tool, and each of its ways, says all that it can. Those that change come last. */
const calls = (shop: Shop): Call[] => {
  const { head, pipeline, job } = prepared(shop)
  const { tokens } = shop
  const scopes = ['projects', 'issues', 'merge_requests', 'milestones', 'users']
  return [
    ...scopes.map((scope): Call => ['search', { query: 'cart', scope, limit: 5 }]),
    ...['blobs', 'commits', 'notes'].map((scope): Call => ['search', { ...inWeb, query: 'cart', scope }]),
    ['search', { ...inWeb, query: 'cart', scope: 'blobs', ref: 'feature' }],
    ['search', { group: 'shop', query: 'cart', scope: 'issues' }],
    ['list_projects', { query: 'web', archived: false }],
    ['list_projects', { group: 'shop', include_subgroups: true }],
    ['get_project', { ...inWeb, include: ['languages', 'members', 'readme'] }],
    ['list_refs', { ...inWeb, kind: 'branches', query: 'fea' }],
    ['list_refs', { ...inWeb, kind: 'tags', query: 'v' }],
    ['list_tree', { ...inWeb, path: 'src', ref: 'feature', recursive: true }],
    ['get_file', { ...inWeb, path: 'src/cart.ts', ref: 'feature', blame: true }],
    ['list_commits', { ...inWeb, ref: 'feature', path: 'src', author: 'bob', since: yesterday, until: new Date().toISOString() }],
    ['get_diff', { ...inWeb, commit: head }],
    ['get_diff', { ...inWeb, from: 'main', to: 'feature' }],
    [
      'list_merge_requests',
      { ...inWeb, state: 'opened', author: 'bob', reviewer: 'alice', labels: 'bug', target_branch: 'main', updated_after: yesterday },
    ],
    ['list_merge_requests', { group: 'shop', scope: 'all' }],
    ['list_merge_requests', { scope: 'assigned_to_me' }],
    ['get_merge_request', { ...inMergeRequest, include: ['commits', 'description', 'related_issues'] }],
    ['get_merge_request_diff', inMergeRequest],
    ['list_discussions', inMergeRequest],
    ['list_discussions', { ...inWeb, issue: '1' }],
    ['list_issues', { ...inWeb, state: 'opened', labels: 'bug', assignee: 'bob', author: 'alice', milestone: 'one', search: 'cart' }],
    ['list_issues', { group: 'shop' }],
    ['list_issues', { scope: 'created_by_me' }],
    ['get_issue', { ...inWeb, issue: '1', comments: 5 }],
    ['get_pipeline', { ...inWeb, pipeline, history: 5 }],
    ['get_pipeline', { ...inWeb, ref: 'feature' }],
    ['get_pipeline', inMergeRequest],
    ['get_job_log', { ...inWeb, job, grep: 'never' }],
    ['create_branch', { ...inWeb, branch: 'other', ref: 'main' }],
    ['commit_files', { ...inWeb, branch: 'other', message: 'Change it', files: [{ path: 'a.txt', action: 'create', content: 'a' }] }],
    [
      'create_merge_request',
      {
        ...inWeb,
        source_branch: 'other',
        target_branch: 'main',
        title: 'Other',
        description: 'x',
        draft: true,
        reviewers: ['alice'],
        assignees: ['bob'],
        labels: 'bug',
        remove_source_branch: true,
        squash: true,
      },
    ],
    [
      'update_merge_request',
      {
        ...inMergeRequest,
        title: 'New',
        description: 'y',
        draft: false,
        add_labels: 'a',
        remove_labels: 'b',
        reviewers: ['alice'],
        assignees: ['bob'],
        target_branch: 'main',
      },
    ],
    ['update_merge_request', { ...inMergeRequest, approve: true, sha: head }, tokens.alice],
    ['add_comment', { ...inMergeRequest, body: 'Good.' }],
    ['add_comment', { ...inMergeRequest, body: 'Here.', path: 'src/cart.ts', line: 1, side: 'new' }],
    ['add_comment', { ...inMergeRequest, thread: lastThread, body: 'Done.', resolve: true }],
    ['add_comment', { ...inWeb, issue: '1', body: 'Yes.' }],
    ['add_comment', { ...inWeb, commit: head, body: 'Hm.' }],
    [
      'save_issue',
      { ...inWeb, title: 'Another', description: 'z', labels: 'bug', assignees: ['bob'], due_date: '2030-01-01', confidential: true },
    ],
    ['save_issue', { ...inWeb, issue: '1', title: 'Renamed', add_labels: 'a', remove_labels: 'bug', state: 'close' }],
    ['run_pipeline', { ...inWeb, action: 'run', ref: 'feature', variables: ['A=1'] }],
    ['run_pipeline', { ...inWeb, action: 'retry', pipeline }],
    ['run_pipeline', { ...inWeb, action: 'cancel', pipeline }],
    ['merge_merge_request', { ...inMergeRequest, sha: head, squash: true, remove_source_branch: true }, tokens.alice],
    ['delete_branch', { ...inWeb, branch: 'other' }],
  ]
}

/** What the calls speak of. */
function prepared({ world }: Shop) {
  const [web] = world.projects
  const bob = world.user('bob')
  if (!web) throw new Error('the shop has a project')
  const job = {
    id: world.nextId(),
    name: 'unit',
    stage: 'test',
    status: 'failed' as const,
    allowFailure: false,
    failureReason: 'script_failure',
    createdAt: world.now(),
    trace: 'it failed\n',
  }
  const pipeline = world.addPipeline(web, bob, { ref: 'feature', jobs: [job] })
  return { head: web.repository.branches.get('feature')?.head ?? '', pipeline: pipeline.id, job: job.id }
}

/** Neither description has these operations, and GitLab's documentation has. */
const undescribed = [
  'GET /groups/shop/merge_requests',
  'GET /merge_requests',
  'GET /projects/shop%2Fweb/members/all',
  'GET /projects/shop%2Fweb/merge_requests/1/closes_issues',
  'GET /projects/shop%2Fweb/merge_requests/1/commits',
  'GET /projects/shop%2Fweb/merge_requests/1/diffs',
  'GET /projects/shop%2Fweb/merge_requests/1/pipelines',
  'GET /projects/shop%2Fweb/pipelines/N/test_report_summary',
  'GET /users',
  'POST /projects/shop%2Fweb/merge_requests/1/approve',
  'POST /projects/shop%2Fweb/pipeline',
  'PUT /projects/shop%2Fweb/merge_requests/1',
  'PUT /projects/shop%2Fweb/merge_requests/1/merge',
]

/** Calls them in turn. Resolves with what failed. */
async function run(shop: Shop, all: readonly Call[]): Promise<string[]> {
  const failed: string[] = []
  let thread: unknown
  for (const [tool, given, token = shop.tokens.bob] of all) {
    const args = 'thread' in given ? { ...given, thread } : given
    const answer = await shop.call(tool, args, { token }).catch((error: Error) => error)
    if (answer instanceof Error) failed.push(`${tool} ${JSON.stringify(args)}: ${answer.message}`)
    else thread = answer.data['thread'] ?? thread
  }
  return failed
}

test.skipIf(lacking)('what each tool sends is what the public descriptions of the API know', async () => {
  const [types, names] = [readDescription(files.types), readDescription(files.names)]
  await using shop = await gitlabShop()
  const all = calls(shop)
  expect(await run(shop, all)).toEqual([])
  const faults = new Set<string>()
  const unknown = new Set<string>()
  for (const { method, path, body } of shop.standIn.requests) {
    const below = path.replace('/api/v4', '')
    const found = requestFaults(types, { method, path: below, body }, names)
    for (const fault of found ?? []) if (!isDocumented(fault)) faults.add(`${method} ${fault}`)
    if (!found) unknown.add(`${method} ${below.split('?')[0]?.replace(/\/pipelines\/\d+/, '/pipelines/N')}`)
  }
  expect([...faults]).toEqual([])
  expect([...unknown].sort()).toEqual(undescribed)
  expect([...gitlab.tools.keys()].filter((name) => !all.some(([tool]) => tool === name))).toEqual([])
})

function isDocumented(fault: string): boolean {
  const [, template = '', name = ''] = /^(.*): (.*) is unknown$/.exec(fault) ?? []
  return paging.includes(name) || documented[template]?.includes(name) === true
}
