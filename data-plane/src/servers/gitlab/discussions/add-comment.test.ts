import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

const one = { project: 'shop/web', merge_request: '1' }

test('add_comment writes below a merge request, an issue and a commit', async () => {
  await using shop = await gitlabShop()
  const head = shop.world.projects[0]?.repository.resolve('feature')?.id
  await shop.call('add_comment', { ...one, body: 'Good' })
  await shop.call('add_comment', { project: 'shop/web', issue: '1', body: 'Seen' })
  await shop.call('add_comment', { project: 'shop/web', commit: head, body: 'Here', path: 'src/cart.ts', line: 1 })
  expect(shop.standIn.requests.map(({ path, body }) => [path, body])).toEqual([
    ['/api/v4/projects/shop%2Fweb/merge_requests/1/notes', { body: 'Good' }],
    ['/api/v4/projects/shop%2Fweb/issues/1/notes', { body: 'Seen' }],
    [`/api/v4/projects/shop%2Fweb/repository/commits/${head}/comments`, { note: 'Here', path: 'src/cart.ts', line: 1, line_type: 'new' }],
  ])
})

test('a comment on a line begins a thread at the place of the line in the diff; a reply and resolving follow', async () => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('add_comment', { ...one, body: 'Which type?', path: 'src/cart.ts', line: 1 })
  expect(data).toEqual({ thread: expect.stringMatching(/^[0-9a-f]{40}$/), comment: expect.any(Number) })
  const reply = await shop.call('add_comment', { ...one, thread: data['thread'], body: 'Item', resolve: true })
  expect(reply.data).toMatchObject({ thread: data['thread'], resolved: true })
  const [discussion] = shop.world.projects[0]?.mergeRequests[0]?.discussions ?? []
  expect(discussion?.notes.map(({ body, resolved }) => [body, resolved])).toEqual([
    ['Which type?', true],
    ['Item', true],
  ])
  expect(discussion?.notes[0]?.position).toMatchObject({ new_path: 'src/cart.ts', old_path: 'src/cart.ts', new_line: 1 })
})

test('a line that the diff does not show is refused, and nothing is written', async () => {
  await using shop = await gitlabShop()
  const wrong = { ...one, body: 'x', path: 'src/cart.ts', line: 99 }
  await expect(shop.call('add_comment', wrong)).rejects.toMatchObject({ code: 'invalid_input', message: /does not show the line 99/ })
  expect(shop.standIn.requests.filter(({ method }) => method === 'POST')).toEqual([])
})

test.for([
  ['add_comment', { ...one, body: 'Good.\n/merge' }],
  ['add_comment', { ...one, body: ' /MERGE\r\nGood.' }],
  ['add_comment', { ...one, thread: 'abc', body: '/approve' }],
  ['add_comment', { project: 'shop/web', commit: 'main', body: '/tag v1 now' }],
  ['create_merge_request', { project: 'shop/web', source_branch: 'feature', target_branch: 'main', title: 'x', description: '/merge' }],
  ['update_merge_request', { ...one, description: 'Text\n/merge' }],
  ['save_issue', { project: 'shop/web', title: 'x', description: '/close' }],
] as const)('%s with a command of GitLab in its text needs the level destroy: %j', async ([tool, args]) => {
  await using shop = await gitlabShop()
  await expect(shop.call(tool, args, { level: 'write' })).rejects.toMatchObject({ code: 'refused_by_policy' })
  expect(shop.standIn.requests).toEqual([])
})

test.for(['See /usr/bin/env, and `/merge`.', '/usr/bin/env is there', 'and/or\n- /merge', 'a // b'])(
  'a text without a command is written at the level write: %j',
  async (body) => {
    await using shop = await gitlabShop()
    await shop.call('add_comment', { ...one, body }, { level: 'write' })
    await shop.call('add_comment', { ...one, body: '/merge' }, { level: 'destroy' })
    expect(shop.standIn.requests.map((request) => request.body)).toEqual([{ body }, { body: '/merge' }])
  },
)

test.for([
  { body: 'x' },
  { ...one, issue: '1', body: 'x' },
  { ...one },
  { ...one, body: 'x', path: 'a' },
  { ...one, resolve: true },
  { project: 'shop/web', issue: '1', thread: 'a', resolve: true },
])('arguments that do not fit together are refused: %j', async (args) => {
  await using shop = await gitlabShop()
  await expect(shop.call('add_comment', args)).rejects.toMatchObject({ code: 'invalid_input' })
  expect(shop.standIn.requests).toEqual([])
})
