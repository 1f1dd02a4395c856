import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

test('create_branch begins a branch, and says what GitLab says where there is one of that name', async () => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('create_branch', { project: 'shop/web', branch: 'fix/cart', ref: 'main' })
  expect(data).toMatchObject({ branch: 'fix/cart', commit: expect.stringMatching(/^[0-9a-f]{40}$/) })
  await expect(shop.call('create_branch', { project: 'shop/web', branch: 'fix/cart', ref: 'main' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('Branch already exists'),
  })
})

test('commit_files makes one commit of several changes on a new branch', async () => {
  await using shop = await gitlabShop()
  const files = [
    { action: 'create', path: 'a.txt', content: 'a\n' },
    { action: 'update', path: 'README.md', content: '# Our shop\n' },
    { action: 'move', path: 'src/basket.ts', from: 'src/cart.ts' },
  ]
  const args = { project: 'shop/web', branch: 'more', start_branch: 'main', message: 'More\n\nand more', files }
  expect((await shop.call('commit_files', args)).data).toMatchObject({ title: 'More' })
  const made = shop.world.projects[0]?.repository.resolve('more')
  expect([...(made?.files.keys() ?? [])].sort()).toEqual(['README.md', 'a.txt', 'src/basket.ts'])
})

test('deleting a file needs the level destroy; nothing is sent without it', async () => {
  await using shop = await gitlabShop()
  const args = { project: 'shop/web', branch: 'feature', message: 'Less', files: [{ action: 'delete', path: 'README.md' }] }
  await expect(shop.call('commit_files', args, { level: 'write' })).rejects.toMatchObject({ code: 'refused_by_policy' })
  expect(shop.standIn.requests).toEqual([])
  await shop.call('commit_files', args, { level: 'destroy' })
  expect(shop.world.projects[0]?.repository.resolve('feature')?.files.has('README.md')).toBe(false)
})

test('with expected_last_commit a change that somebody else made to the file since is not lost; changes to other files do not matter', async () => {
  await using shop = await gitlabShop()
  const [web] = shop.world.projects
  const alice = shop.world.user('alice')
  if (!web) throw new Error('the shop has a project')
  const seen = web.repository.resolve('feature')?.id
  const write = (content: string) =>
    shop.call('commit_files', {
      project: 'shop/web',
      branch: 'feature',
      message: 'Change',
      files: [{ action: 'update', path: 'README.md', content }],
      expected_last_commit: seen,
    })
  shop.world.commit(web, alice, 'feature', { 'other.txt': 'x' })
  await write('mine\n')
  await expect(write('mine again\n')).rejects.toMatchObject({ message: expect.stringContaining('has changed since') })
  expect(web.repository.resolve('feature')?.files.get('README.md')).toBe('mine\n')
})

test('delete_branch deletes a branch and names its last commit; it sends nothing for the default branch and protected ones', async () => {
  await using shop = await gitlabShop()
  const head = shop.world.projects[0]?.repository.resolve('feature')?.id
  await expect(shop.call('delete_branch', { project: 'shop/web', branch: 'main' }, { token: shop.tokens.alice })).rejects.toMatchObject({
    code: 'refused_by_policy',
  })
  expect((await shop.call('delete_branch', { project: 'shop/web', branch: 'feature' })).data).toEqual({ deleted: 'feature', commit: head })
  expect(shop.standIn.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
})
