import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

test('search finds projects, merge requests, issues and people, each by the reference that other tools take', async () => {
  await using shop = await gitlabShop()
  const refs = async (scope: string, query: string) => {
    const { data } = await shop.call('search', { scope, query })
    return (data['items'] as { ref: string }[]).map(({ ref }) => ref)
  }
  expect(await refs('projects', 'web')).toEqual(['shop/web'])
  expect(await refs('merge_requests', 'cart')).toEqual(['shop/web!1'])
  expect(await refs('issues', 'cart')).toEqual(['shop/web#1'])
  expect(await refs('users', 'alice')).toEqual(['alice'])
})

test('code is searched inside a project; where a GitLab cannot search it elsewhere, the refusal says so', async () => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('search', { scope: 'blobs', query: 'cart', project: 'shop/web' })
  expect(data['items']).toEqual([expect.objectContaining({ ref: 'src/cart.ts:1', excerpt: expect.stringContaining('cart') })])
  await expect(shop.call('search', { scope: 'blobs', query: 'cart' })).rejects.toMatchObject({
    code: 'invalid_input',
    hint: 'Give project, and search again.',
  })
})
