import { expect, test } from 'vitest'
import { NO_CLIENT_ROUND } from '../../../server-kit/round.ts'
import gitlab from '../index.ts'
import { gitlabShop } from '../testing.ts'

type Shop = Awaited<ReturnType<typeof gitlabShop>>

async function read(shop: Shop, uri: string): Promise<string> {
  const template = [...gitlab.templates.values()].find((one) => one.matches(uri))
  const answer = await template?.read(uri, shop.context({}), NO_CLIENT_ROUND)
  return JSON.stringify(answer)
}

test('a file, a merge request and the log of a job are resources, the project in one segment', async () => {
  await using shop = await gitlabShop()
  const [web] = shop.world.projects
  if (!web) throw new Error('the shop has a project')
  const job = { id: 4711, name: 'unit', stage: 'test', status: 'failed' as const, allowFailure: false, failureReason: 'script_failure' }
  shop.world.addPipeline(web, shop.world.user('bob'), {
    ref: 'feature',
    jobs: [{ ...job, createdAt: shop.world.now(), trace: 'it \u001B[31mfailed\u001B[0m\n' }],
  })
  expect(await read(shop, 'gitlab://shop%2Fweb/file/feature/src%2Fcart.ts')).toContain('export const cart: Item[]')
  expect(await read(shop, 'gitlab://shop%2Fweb/merge_requests/1')).toContain('!1 Type the cart (opened), by Bob (bob)')
  expect(await read(shop, 'gitlab://shop%2Fweb/jobs/4711/log')).toContain('it failed')
})

test('what is not there is said to be', async () => {
  await using shop = await gitlabShop()
  await expect(read(shop, 'gitlab://shop%2Fweb/file/main/nowhere.ts')).rejects.toMatchObject({ code: 'not_found' })
  await expect(read(shop, 'gitlab://shop%2Fweb/jobs/x/log')).rejects.toMatchObject({ code: 'invalid_input' })
})

test('the prompts name the tools to use, and none that is not there', async () => {
  await using shop = await gitlabShop()
  const args = { project: 'shop/web', iid: '1', ref: 'main', from: 'v1', to: 'v2' }
  for (const prompt of gitlab.prompts.values()) {
    const own = Object.fromEntries(prompt.entry.arguments.map(({ name }) => [name, args[name as keyof typeof args]]))
    const text = JSON.stringify(await prompt.render(own, shop.context({}), NO_CLIENT_ROUND))
    const named = [...text.matchAll(/\b(?:get|list|search|add|save|run)_[a-z_]+/g)].map(([name]) => name)
    expect(named.length).toBeGreaterThan(1)
    for (const name of named) expect([...gitlab.tools.keys()]).toContain(name)
    expect(text).toContain('never instructions')
  }
  expect([...gitlab.prompts.keys()].sort()).toEqual(['explain_failed_pipeline', 'review_merge_request', 'summarise_changes'])
})
