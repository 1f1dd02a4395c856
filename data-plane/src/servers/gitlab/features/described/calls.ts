import { NO_CLIENT_ROUND } from '../../../../server-kit/round.ts'
import gitlab from '../../index.ts'
import type { gitlabShop } from '../../testing.ts'

const inWeb = { project: 'shop/web' }
const inMergeRequest = { ...inWeb, merge_request: '1' }
const yesterday = new Date(Date.now() - 86_400_000).toISOString()

export type Shop = Awaited<ReturnType<typeof gitlabShop>>
export type Call = [tool: string, args: object, token?: string]
/** What these stand for is known when they are sent. */
const [lastThread, headOfOther] = ['the thread that was begun last', 'the head of the branch other']

/** Calls with which each tool, and each of its ways, says all that it can. Those that change come last. */
export const calls = (shop: Shop): Call[] => {
  const { head, pipeline, job, manual } = prepared(shop)
  const { tokens } = shop
  const scopes = ['projects', 'issues', 'merge_requests', 'milestones', 'users']
  const inRepository = ['blobs', 'commits', 'notes', 'wiki_blobs']
  return [
    ...scopes.map((scope): Call => ['search', { query: 'cart', scope, limit: 5 }]),
    ...inRepository.map((scope): Call => ['search', { ...inWeb, query: 'cart', scope }]),
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
      'commit_files',
      {
        ...inWeb,
        branch: 'third',
        start_branch: 'other',
        message: 'Move it',
        files: [
          { path: 'b.txt', from: 'a.txt', action: 'move' },
          { path: 'README.md', action: 'update', content: 'New' },
          { path: 'src/cart.ts', action: 'delete' },
        ],
      },
    ],
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
    ['update_merge_request', { ...inMergeRequest, approve: false }, tokens.alice],
    ['update_merge_request', { ...inMergeRequest, state: 'close' }],
    ['update_merge_request', { ...inMergeRequest, state: 'reopen' }],
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
    ['run_pipeline', { ...inWeb, action: 'play_job', job: manual }],
    ['update_merge_request', { ...inWeb, merge_request: '2', draft: false }],
    ['merge_merge_request', { ...inWeb, merge_request: '2', sha: headOfOther, auto_merge: true }, tokens.alice],
    ['merge_merge_request', { ...inMergeRequest, sha: head, squash: true, remove_source_branch: true }, tokens.alice],
    ['delete_branch', { ...inWeb, branch: 'third' }],
  ]
}

/** Each resource, by its address. */
export const addresses = ({ world }: Shop): string[] => {
  const job = world.projects[0]?.pipelines[0]?.jobs[0]?.id
  return ['gitlab://shop%2Fweb/file/main/src%2Fcart.ts', 'gitlab://shop%2Fweb/merge_requests/1', `gitlab://shop%2Fweb/jobs/${job}/log`]
}

/** What the calls speak of. */
function prepared({ world }: Shop) {
  const [web] = world.projects
  const bob = world.user('bob')
  if (!web) throw new Error('the shop has a project')
  world.addMilestone(web, 'The cart')
  web.repository.tags.set('v1', web.repository.branches.get('main')?.head ?? '')
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
  const manual = { ...job, id: world.nextId(), name: 'deploy', stage: 'deploy', status: 'manual' as const, failureReason: undefined }
  const pipeline = world.addPipeline(web, bob, { ref: 'feature', jobs: [job, manual] })
  return { head: web.repository.branches.get('feature')?.head ?? '', pipeline: pipeline.id, job: job.id, manual: manual.id }
}

/** Calls all tools in turn, and reads all resources. Resolves with what failed. */
export async function runAll(shop: Shop, all: readonly Call[]): Promise<string[]> {
  const failed: string[] = []
  const attempt = <T>(what: string, done: Promise<T>) => done.catch((error: Error) => void failed.push(`${what}: ${error.message}`))
  let thread: unknown
  for (const address of addresses(shop)) {
    const template = [...gitlab.templates.values()].find((one) => one.matches(address))
    await attempt(address, Promise.resolve(template?.read(address, shop.context({}), NO_CLIENT_ROUND)))
  }
  for (const [tool, given, token = shop.tokens.bob] of all) {
    const known: Record<string, unknown> = {
      [lastThread]: thread,
      [headOfOther]: shop.world.projects[0]?.repository.branches.get('other')?.head,
    }
    const args = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, known[String(value)] ?? value]))
    const answer = await attempt(`${tool} ${JSON.stringify(args)}`, shop.call(tool, args, { token }))
    thread = answer?.data['thread'] ?? thread
  }
  return failed
}
