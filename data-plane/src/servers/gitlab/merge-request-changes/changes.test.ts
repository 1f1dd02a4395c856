import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

const one = { project: 'shop/web', merge_request: '1' }

test('create_merge_request resolves logins, marks a draft in the title, and says which one is open already', async () => {
  await using shop = await gitlabShop()
  await shop.call('create_branch', { project: 'shop/web', branch: 'second', ref: 'feature' })
  const args = { project: 'shop/web', source_branch: 'second', target_branch: 'main', title: 'Second', draft: true, reviewers: ['@alice'] }
  const { data } = await shop.call('create_merge_request', args)
  expect(data).toMatchObject({ iid: 2, title: 'Draft: Second', draft: true })
  expect(shop.world.projects[0]?.mergeRequests[1]?.reviewers).toEqual([shop.world.user('alice')])
  await expect(shop.call('create_merge_request', args)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('!2') })
})

test('update_merge_request changes only what is named, and keeps the rest of the title of a draft', async () => {
  await using shop = await gitlabShop()
  expect((await shop.call('update_merge_request', { ...one, draft: true })).data).toMatchObject({ title: 'Draft: Type the cart' })
  expect((await shop.call('update_merge_request', { ...one, draft: false, add_labels: 'a' })).data).toMatchObject({
    title: 'Type the cart',
  })
  expect((await shop.call('update_merge_request', { ...one, state: 'close' })).data).toMatchObject({ state: 'closed' })
})

test('an approval is of the head that was reviewed, and a person who may not approve is not told that their token is bad', async () => {
  await using shop = await gitlabShop()
  const asAlice = { token: shop.tokens.alice }
  const { data } = await shop.call('get_merge_request', one)
  await expect(shop.call('update_merge_request', { ...one, approve: true }, asAlice)).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(shop.call('update_merge_request', { ...one, approve: true, sha: '0'.repeat(40) }, asAlice)).rejects.toMatchObject({
    code: 'conflict',
  })
  await shop.call('update_merge_request', { ...one, approve: true, sha: data['sha'] }, asAlice)
  expect(shop.world.projects[0]?.mergeRequests[0]?.approvedBy).toEqual([shop.world.user('alice')])
  await expect(shop.call('update_merge_request', { ...one, approve: true, sha: data['sha'] })).rejects.toMatchObject({
    code: 'not_permitted_upstream',
  })
})

test('merge_merge_request merges the head that was reviewed, and nothing else', async () => {
  await using shop = await gitlabShop()
  const asAlice = { token: shop.tokens.alice }
  const { data } = await shop.call('get_merge_request', one)
  await expect(shop.call('merge_merge_request', { ...one, sha: data['sha'] })).rejects.toMatchObject({ code: 'not_permitted_upstream' })
  const web = shop.world.projects[0]
  if (web) shop.world.commit(web, shop.world.user('bob'), 'feature', { 'late.txt': 'x' })
  await expect(shop.call('merge_merge_request', { ...one, sha: data['sha'] }, asAlice)).rejects.toMatchObject({ code: 'conflict' })
  const { data: now } = await shop.call('get_merge_request', one)
  expect((await shop.call('merge_merge_request', { ...one, sha: now['sha'] }, asAlice)).data).toMatchObject({ state: 'merged' })
  await expect(shop.call('merge_merge_request', { ...one, sha: now['sha'] }, asAlice)).rejects.toMatchObject({
    code: 'conflict',
    message: /merged already/,
  })
})

test('a merge request that cannot be merged now says why', async () => {
  await using shop = await gitlabShop()
  await shop.call('update_merge_request', { ...one, draft: true })
  const { data } = await shop.call('get_merge_request', one)
  await expect(shop.call('merge_merge_request', { ...one, sha: data['sha'] }, { token: shop.tokens.alice })).rejects.toMatchObject({
    code: 'conflict',
    message: 'GitLab does not merge it now (draft_status).',
  })
})
