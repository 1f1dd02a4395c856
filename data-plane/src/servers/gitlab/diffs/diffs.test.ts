import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

const web = { project: 'shop/web' }
const mergeRequest = { ...web, merge_request: '1' }

test('get_merge_request_diff names the files first, and shows those that are asked for', async () => {
  await using shop = await gitlabShop()
  const outline = await shop.call('get_merge_request_diff', mergeRequest)
  expect(outline.data).toMatchObject({ items: [{ file: 'src/cart.ts', added: 1, removed: 1 }], next_cursor: null, truncated: false })
  expect(outline.data['items'][0]).not.toHaveProperty('diff')
  const chosen = await shop.call('get_merge_request_diff', { ...mergeRequest, paths: ['src'] })
  expect(chosen.data['items'][0]['diff']).toContain('+export const cart: Item[] = []')
  expect((await shop.call('get_merge_request_diff', { ...mergeRequest, paths: ['elsewhere'] })).data['items']).toEqual([])
})

test('files that a limit of GitLab cut are said to be, and files without room are named', async () => {
  await using shop = await gitlabShop()
  const file = (at: number, more: object = {}) => ({
    old_path: `src/${at}.ts`,
    new_path: `src/${at}.ts`,
    a_mode: '100644',
    b_mode: '100644',
    diff: '@@ -1 +1 @@\n-old\n+new\n'.repeat(20),
    new_file: false,
    renamed_file: false,
    deleted_file: false,
    generated_file: false,
    collapsed: false,
    too_large: false,
    ...more,
  })
  const [found] = shop.world.projects[0]?.mergeRequests ?? []
  Object.assign(found ?? {}, { diffs: [file(0, { diff: '', too_large: true }), ...Array.from({ length: 249 }, (_, at) => file(at + 1))] })
  const { data } = await shop.call('get_merge_request_diff', { ...mergeRequest, stat_only: false, max_chars: 1_000 })
  expect(data['items'][0]).toMatchObject({ file: 'src/0.ts', flags: ['too_large'] })
  expect(data['note']).toMatch(/found no room.*too_large, collapsed or empty/)
  expect(data).toMatchObject({ truncated: true, left: expect.arrayContaining(['src/3.ts']) })

  const names: string[] = []
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await shop.call('get_merge_request_diff', { ...mergeRequest, max_chars: 60_000, ...(cursor !== undefined && { cursor }) })
    names.push(...page.data['items'].map((item: { file: string }) => item.file))
    cursor = page.data['next_cursor'] as string | null
  }
  expect(names.sort()).toEqual(Array.from({ length: 250 }, (_, at) => `src/${at}.ts`).sort())
})

test('many long paths that name nothing are compared with many files at once', async () => {
  await using shop = await gitlabShop()
  const [found] = shop.world.projects[0]?.mergeRequests ?? []
  const [diff] = found?.diffs ?? []
  Object.assign(found ?? {}, { diffs: Array.from({ length: 3_000 }, (_, at) => ({ ...diff, old_path: `a/${at}`, new_path: `a/${at}` })) })
  const paths = Array.from({ length: 50 }, () => `${'/'.repeat(999)}x`)
  expect((await shop.call('get_merge_request_diff', { ...mergeRequest, paths })).data['items']).toEqual([])
})

test('get_diff shows what a commit changed, and what a branch has since it left another', async () => {
  await using shop = await gitlabShop()
  const commits = await shop.call('list_commits', { ...web, ref: 'feature' })
  const [{ sha }] = commits.data['items'] as [{ sha: string }]
  const ofCommit = await shop.call('get_diff', { ...web, commit: sha, stat_only: false })
  expect(ofCommit.data['items'][0]).toMatchObject({ file: 'src/cart.ts', added: 1, removed: 1, diff: expect.stringContaining('+export') })
  const compared = await shop.call('get_diff', { ...web, from: 'main', to: 'feature' })
  expect(compared.data).toMatchObject({ items: [{ file: 'src/cart.ts', added: 1, removed: 1 }], total: 1 })
})

test('get_diff wants a commit, or two refs', async () => {
  await using shop = await gitlabShop()
  for (const wrong of [{}, { from: 'main' }, { commit: 'main', to: 'feature' }])
    await expect(shop.call('get_diff', { ...web, ...wrong })).rejects.toMatchObject({ code: 'invalid_input' })
})
