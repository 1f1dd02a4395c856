import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

test('list_projects lists what the person is a member of, each with what to choose it by', async () => {
  await using shop = await gitlabShop()
  const { data, text } = await shop.call('list_projects')
  expect(data).toMatchObject({ count: 1, next_cursor: null, truncated: false })
  expect(data['items']).toEqual([
    {
      path_with_namespace: 'shop/web',
      description: 'The web shop',
      default_branch: 'main',
      topics: ['web'],
      last_activity_at: expect.stringMatching(/^2026-03-01T08:\d\dZ$/),
      web_url: 'https://gitlab.example/shop/web',
    },
  ])
  expect(text).toMatch(/^shop\/web \(active 2026-03-01T08:\d\dZ\): The web shop\n1 project\.$/)
})

test.for(['shop/web', 'ID', 'URL/shop/web', 'URL/shop/web/-/merge_requests/1/diffs', 'URL/shop/web/-/tree/main/src'])(
  'get_project takes %s for the project, and shows no token of it',
  async (form) => {
    await using shop = await gitlabShop({ prefix: '/git' })
    const id = String(shop.world.projects[0]?.id)
    const project = form.replace('ID', id).replace('URL', shop.standIn.url)
    const { data } = await shop.call('get_project', { project }, { token: shop.tokens.alice })
    expect(data).toMatchObject({
      path_with_namespace: 'shop/web',
      visibility: 'private',
      archived: false,
      my_role: 'maintainer',
      open_issues_count: 1,
    })
    expect(JSON.stringify(data)).not.toMatch(/runners_token|GR1348941|import/)
  },
)

test('an address of another host is refused by its name, and nothing is sent', async () => {
  await using shop = await gitlabShop()
  await expect(shop.call('get_project', { project: 'https://gitlab.evil.example/shop/web' })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('gitlab.evil.example'),
  })
  expect(shop.standIn.requests).toEqual([])
})

test('the text of a list counts one as one', async () => {
  await using shop = await gitlabShop()
  expect((await shop.call('list_projects')).text).toMatch(/\n1 project\.$/)
  expect((await shop.call('list_commits', { project: 'shop/web', ref: 'main' })).text).toMatch(/\n1 commit\.$/)
  expect((await shop.call('list_issues', { project: 'shop/web', labels: 'nothing' })).text).toBe('No issues.')
  const { text } = await shop.call('list_refs', { project: 'shop/web', kind: 'branches' })
  expect(text).toMatch(/\n2 refs\.$/)
})
