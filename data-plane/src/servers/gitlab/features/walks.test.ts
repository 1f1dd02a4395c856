import fc from 'fast-check'
import { expect, test } from 'vitest'
import gitlab from '../index.ts'
import { gitlabShop } from '../testing.ts'
import { walksOverFound } from './walks/found.ts'
import { walksOverRepositories } from './walks/repositories.ts'
import { walksOverThings } from './walks/things.ts'
import type { Walk } from './walks/walk.ts'

const walks = [...walksOverThings, ...walksOverFound, ...walksOverRepositories]

const change = fc.record({ kind: fc.constantFrom('add', 'remove', 'touch'), at: fc.nat(1_000) })
/** What others do before each page but the first. */
const changes = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 })

type Shop = Awaited<ReturnType<typeof gitlabShop>>

/** The keys of all items, page after page. */
async function given({ call }: Shop, walk: Walk, limit: number, meanwhile: () => void): Promise<string[]> {
  const keys: string[] = []
  for (let cursor: string | undefined; ; meanwhile()) {
    const { data } = await call(walk.tool, { ...walk.args, limit, ...(cursor !== undefined && { cursor }) })
    expect(data['items'].length).toBeLessThanOrEqual(limit)
    keys.push(...data['items'].map((item: Record<string, unknown>) => walk.key(item)))
    cursor = data['next_cursor'] ?? undefined
    expect(data['truncated']).toBe(cursor !== undefined)
    if (cursor === undefined) return keys
  }
}

test.for(walks.map((walk) => [`${walk.tool} ${JSON.stringify(walk.args)}`, walk] as const))(
  'walking all pages of %s gives each item once, while others are added, removed and touched',
  async ([, walk]) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), changes, fc.integer({ min: 1, max: 15 }), async (count, steps, limit) => {
        await using shop = await gitlabShop()
        for (let made = 0; made < count; made += 1) walk.add(shop.world)
        const before = walk.all(shop.world)
        const rest = [...steps]
        const keys = await given(shop, walk, limit, () => {
          for (const { kind, at } of rest.shift() ?? []) walk[kind]?.(shop.world, at)
        })
        expect(keys.length).toBe(new Set(keys).size)
        const after = new Set(walk.all(shop.world))
        const stayed = walk.isPinned ? before : before.filter((key) => after.has(key))
        expect(stayed.filter((key) => !keys.includes(key))).toEqual([])
        if (walk.isPinned) expect(keys.toSorted()).toEqual(before.toSorted())
      }),
      { numRuns: 20 },
    )
  },
)

test('every tool that gives a cursor is among those', () => {
  const paged = [...gitlab.tools.values()].filter(({ entry }) => JSON.stringify(entry.inputSchema).includes('"cursor"'))
  const walked = new Set(walks.map(({ tool }) => tool))
  expect(paged.map(({ name }) => name).filter((name) => !walked.has(name))).toEqual([])
})
