import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

test('list_merge_requests shows what a person chooses one by, and writes a line for each', async () => {
  await using shop = await gitlabShop()
  const { data, text } = await shop.call('list_merge_requests', { project: 'shop/web' })
  expect(data['items']).toEqual([
    {
      iid: 1,
      project: 'shop/web',
      title: 'Type the cart',
      state: 'opened',
      author: 'Bob (bob)',
      branches: 'feature -> main',
      merge_status: 'mergeable',
      updated_at: expect.stringMatching(/^2026-03-01T08:\d\dZ$/),
      web_url: 'https://gitlab.example/shop/web/-/merge_requests/1',
    },
  ])
  expect(text).toMatch(/^shop\/web!1 Type the cart \(opened, mergeable, Bob \(bob\), feature -> main, 2026-\S+Z\)\n/)
})

test('without project and group list_merge_requests lists those that the person made', async () => {
  await using shop = await gitlabShop()
  expect((await shop.call('list_merge_requests')).data['count']).toBe(1)
  expect((await shop.call('list_merge_requests', {}, { token: shop.tokens.alice })).data['count']).toBe(0)
  expect((await shop.call('list_merge_requests', { reviewer: 'alice' })).data['count']).toBe(1)
})

test.for([
  'URL/shop/web/-/merge_requests/1',
  'URL/shop/web/-/merge_requests/1/diffs?tab=x#note',
  'shop/web!1',
  'URL/shop/web/merge_requests/1',
])('get_merge_request takes %s without a project', async (form) => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('get_merge_request', { merge_request: form.replace('URL', shop.standIn.url) })
  expect(data).toMatchObject({ iid: 1, project: 'shop/web' })
})

test('get_merge_request tells approvals, pipeline, threads and the head in one reply, and what was asked for beside', async () => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('get_merge_request', {
    project: 'shop/web',
    merge_request: 1,
    include: ['commits', 'description', 'related_issues'],
  })
  expect(data).toMatchObject({
    iid: 1,
    sha: expect.stringMatching(/^[0-9a-f]{40}$/),
    reviewers: ['Alice (alice)'],
    approvals: { given: 0, by: [] },
    unresolved_threads: 0,
    commits: [expect.stringMatching(/^[0-9a-f]{8,} Type the cart$/)],
    description: 'Closes #1',
    related_issues: ['#1 The cart has no type'],
  })
})

test('a number without its project is refused with what is missing', async () => {
  await using shop = await gitlabShop()
  await expect(shop.call('get_merge_request', { merge_request: '1' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: 'The argument project is missing: merge_request 1 is a number in a project.',
  })
})
