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

/** Files in place of what the branches say. */
function change(shop: Shop, diffs: object[]): void {
  const [found] = shop.world.projects[0]?.mergeRequests ?? []
  Object.assign(found ?? {}, { diffs })
}

type Shop = Awaited<ReturnType<typeof gitlabShop>>

/** The names of all files, page after page. */
async function walked(shop: Shop, tool: string, args: object): Promise<string[]> {
  const names: string[] = []
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await shop.call(tool, { ...args, ...(cursor !== undefined && { cursor }) })
    names.push(...page.data['items'].map((item: { file: string }) => item.file))
    cursor = page.data['next_cursor'] as string | null
  }
  return names
}

const names = (count: number) => Array.from({ length: count }, (_, at) => `src/${at}.ts`)

test('files that a limit of GitLab cut are said to be, and files without room come with the next page', async () => {
  await using shop = await gitlabShop()
  change(shop, [file(0, { diff: '', too_large: true }), ...Array.from({ length: 249 }, (_, at) => file(at + 1))])
  const { data } = await shop.call('get_merge_request_diff', { ...mergeRequest, stat_only: false, max_chars: 1_000 })
  expect(data['items'].map((item: { file: string }) => item.file)).toEqual(names(2))
  expect(data['items'][0]).toMatchObject({ flags: ['too_large'] })
  expect(data['note']).toMatch(/too_large, collapsed or empty/)
  expect(data).toMatchObject({ truncated: true, total: 250 })
  expect(await walked(shop, 'get_merge_request_diff', { ...mergeRequest, stat_only: false })).toEqual(names(250))
  expect(await walked(shop, 'get_merge_request_diff', mergeRequest)).toEqual(names(250))
})

test('of files that were asked for, those without room are named; a file that is alone too long is cut, and that is said', async () => {
  await using shop = await gitlabShop()
  change(shop, [file(0, { diff: '+long\n'.repeat(500) }), ...Array.from({ length: 30 }, (_, at) => file(at + 1))])
  const { data } = await shop.call('get_merge_request_diff', { ...mergeRequest, paths: ['src'], max_chars: 1_000 })
  expect(data).toMatchObject({ truncated: true, left: names(20), next_cursor: null })
  expect(data['note']).toMatch(/The diff of src\/0.ts is cut: raise max_chars.* 30 files found no room/)
  const { data: alone } = await shop.call('get_merge_request_diff', { ...mergeRequest, stat_only: false, max_chars: 1_000 })
  expect(alone).toMatchObject({ count: 1, truncated: true, note: expect.stringContaining('is cut'), next_cursor: expect.any(String) })
})

test('where the text of the files is more than the gateway takes, fewer are asked for, also in the middle of a walk', async () => {
  await using shop = await gitlabShop()
  const large = (at: number) => file(at, { diff: '+a long line of text\n'.repeat(20_000) })
  change(shop, [...Array.from({ length: 120 }, (_, at) => file(at)), ...Array.from({ length: 30 }, (_, at) => large(at + 120))])
  expect(await walked(shop, 'get_merge_request_diff', mergeRequest)).toEqual(names(150))
  const { data } = await shop.call('get_merge_request_diff', { ...mergeRequest, paths: ['src/3.ts', 'src/140.ts'] })
  expect(data).toMatchObject({ items: [{ file: 'src/3.ts' }], left: ['src/140.ts'] })
})

/** A commit on the branch feature with so many files of so many lines. */
function commitMany(shop: Shop, count: number, lines: number): void {
  const [project] = shop.world.projects
  const files = Object.fromEntries(Array.from({ length: count }, (_, at) => [`many/${at}.txt`, 'a line of text\n'.repeat(lines)]))
  if (project) shop.world.commit(project, shop.world.user('bob'), 'feature', files)
}

test('a comparison of 3,000 files says that there are more, and goes on with them', async () => {
  await using shop = await gitlabShop()
  commitMany(shop, 3_000, 1)
  const comparison = { ...web, from: 'main', to: 'feature' }
  const { data } = await shop.call('get_diff', comparison)
  expect(data).toMatchObject({ count: 100, total: 3_001, truncated: true, next_cursor: expect.any(String) })
  const { data: next } = await shop.call('get_diff', { ...comparison, cursor: data['next_cursor'] })
  const files = [...data['items'], ...next['items']].map((item: { file: string }) => item.file)
  expect([files.length, new Set(files).size]).toEqual([200, 200])
})

test('a comparison that is more than the gateway takes is refused with what to do instead', async () => {
  await using shop = await gitlabShop()
  commitMany(shop, 300, 2_000)
  await expect(shop.call('get_diff', { ...web, from: 'main', to: 'feature' })).rejects.toMatchObject({
    code: 'too_large',
    hint: expect.stringContaining('get_diff of each commit'),
  })
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
