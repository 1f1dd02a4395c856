import { expect, test } from 'vitest'
import { gitlabShop } from '../testing.ts'

const web = { project: 'shop/web' }

test('list_refs lists branches with their latest commit, and finds them by a part of the name', async () => {
  await using shop = await gitlabShop()
  const { data, text } = await shop.call('list_refs', web)
  expect(data['items'].map(({ name }: { name: string }) => name).sort()).toEqual(['feature', 'main'])
  expect(data).toMatchObject({ next_cursor: null, truncated: false })
  expect(text).toContain('main (default) (protected): ')
  expect((await shop.call('list_refs', { ...web, query: 'feat' })).data['items']).toHaveLength(1)
  expect((await shop.call('list_refs', { ...web, kind: 'tags' })).data).toMatchObject({ items: [], next_cursor: null })
})

test('list_tree lists a directory, and all below it where that is asked for', async () => {
  await using shop = await gitlabShop()
  const top = await shop.call('list_tree', web)
  expect(top.data['items']).toEqual(
    expect.arrayContaining([
      { path: 'README.md', type: 'file' },
      { path: 'src', type: 'directory' },
    ]),
  )
  const all = await shop.call('list_tree', { ...web, recursive: true })
  expect(all.data['items']).toContainEqual({ path: 'src/cart.ts', type: 'file' })
  expect((await shop.call('list_tree', { ...web, path: '/src/' })).data['items']).toEqual([{ path: 'src/cart.ts', type: 'file' }])
})

test('get_file shows a file, some of its lines, and who changed them last', async () => {
  await using shop = await gitlabShop()
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at + 1}`)
  const [project] = shop.world.projects
  if (!project) throw new Error('the shop has a project')
  shop.world.commit(project, shop.world.user('bob'), 'feature', { 'notes/long.txt': `${lines.join('\n')}\n` }, 'Write a lot')
  const file = { ...web, path: 'notes/long.txt', ref: 'feature' }
  const whole = await shop.call('get_file', file)
  expect(whole.data).toMatchObject({ start_line: 1, end_line: 100, total_lines: 100, truncated: false })
  const some = await shop.call('get_file', { ...file, start_line: 10, end_line: 11 })
  expect(some.data['text'].trim()).toBe('line 10\nline 11')
  const blamed = await shop.call('get_file', { ...file, start_line: 10, end_line: 10, blame: true })
  expect(blamed.data['text']).toMatch(/^[0-9a-f]{8} Bob \d{4}-\d\d-\d\d \| line 10$/)
})

test('a file that is too long is cut at a line, and the rest is read from the line that is named', async () => {
  await using shop = await gitlabShop()
  const [project] = shop.world.projects
  if (!project) throw new Error('the shop has a project')
  const content = Array.from({ length: 400 }, (_, at) => `line ${at + 1}`).join('\n')
  shop.world.commit(project, shop.world.user('bob'), 'feature', { 'long.txt': content }, 'Write a lot')
  let read = ''
  let start: number | undefined = 1
  while (start !== undefined) {
    const { data }: { data: Record<string, unknown> } = await shop.call('get_file', {
      ...web,
      path: 'long.txt',
      ref: 'feature',
      start_line: start,
      max_chars: 700,
    })
    read += `${String(data['text']).replace(/\n$/, '')}\n`
    expect(data['truncated']).toBe(data['next_start_line'] !== undefined)
    start = data['next_start_line'] as number | undefined
  }
  expect(read).toBe(`${content}\n`)
})

test('a file that is not there, lines past its end and lines backwards are said to be, each in its own words', async () => {
  await using shop = await gitlabShop()
  await expect(shop.call('get_file', { ...web, path: 'nowhere.md' })).rejects.toMatchObject({ code: 'not_found' })
  await expect(shop.call('get_file', { ...web, path: 'README.md', start_line: 50 })).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(shop.call('get_file', { ...web, path: 'README.md', start_line: 3, end_line: 2 })).rejects.toMatchObject({
    code: 'invalid_input',
  })
})

test('list_commits lists the newest first, of a branch and of a path', async () => {
  await using shop = await gitlabShop()
  const { data } = await shop.call('list_commits', { ...web, ref: 'feature' })
  expect(data['items'].map(({ title }: { title: string }) => title)).toEqual(['Type the cart', 'Begin the shop'])
  const ofPath = await shop.call('list_commits', { ...web, ref: 'feature', path: 'README.md' })
  expect(ofPath.data['items'].map(({ title }: { title: string }) => title)).toEqual(['Begin the shop'])
})

test('a walk over commits stays at the commit at which it began; one that is named by its sha is not looked up', async () => {
  await using shop = await gitlabShop()
  const first = await shop.call('list_commits', { ...web, ref: 'feature', limit: 1 })
  const [project] = shop.world.projects
  if (!project) throw new Error('the shop has a project')
  shop.world.commit(project, shop.world.user('bob'), 'feature', { 'new.txt': 'x' }, 'Come later')
  const second = await shop.call('list_commits', { ...web, ref: 'feature', limit: 1, cursor: first.data['next_cursor'] })
  expect([first, second].map(({ data }) => data['items'][0]['title'])).toEqual(['Type the cart', 'Begin the shop'])
  expect(second.data['next_cursor']).toBeNull()
  const { length } = shop.standIn.requests
  const [{ sha }] = first.data['items']
  await shop.call('list_tree', { ...web, ref: sha })
  expect(shop.standIn.requests).toHaveLength(length + 1)
})

test('a cursor that names no commit, or has nothing after it, is refused', async () => {
  await using shop = await gitlabShop()
  const asked = { ...web, limit: 1 }
  for (const cursor of ['main.abc', `${'a'.repeat(40)}.`, `${'a'.repeat(40)}.abc`])
    await expect(shop.call('list_tree', { ...asked, cursor })).rejects.toMatchObject({ code: 'invalid_input' })
})
