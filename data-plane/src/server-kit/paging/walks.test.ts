import { ToolError } from '@bir/sdk/contract/errors'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCursor, writeCursor } from './cursor.ts'
import { keyPlace, walkKeys } from './walk-keys.ts'
import { NumberedPlace, walkPages } from './walk-pages.ts'
import { walkWindow, WindowPlace } from './walk-window.ts'
import { MAX_READS } from './page.ts'
import type { WalkedPage } from './page.ts'

interface Row {
  readonly id: number
  /** To the microsecond, as a database has it; a reply shows milliseconds. */
  readonly madeUs: number
  activeMs: number
}

/** A service whose list changes: before each request that it answers, somebody adds, removes or touches items. */
class ChangingList {
  rows: Row[]
  readonly requests: number[] = []
  private readonly changes: (() => void)[]
  private lastId: number

  constructor(madeUs: readonly number[], changes: readonly Change[]) {
    this.rows = madeUs.map((madeUs, index) => ({ id: index + 1, madeUs, activeMs: madeUs }))
    this.lastId = this.rows.length
    this.changes = changes.map((change) => () => this.apply(change))
  }

  page(order: (row: Row) => readonly number[], keeps: (row: Row) => boolean, page: number, perPage: number) {
    this.changes.shift()?.()
    const sorted = this.rows.filter(keeps).toSorted((one, other) => compareAll(order(one), order(other)))
    return { items: sorted.slice((page - 1) * perPage, page * perPage), hasNext: sorted.length > page * perPage, total: sorted.length }
  }

  private apply({ kind, at }: Change): void {
    const index = at % Math.max(1, this.rows.length)
    if (kind === 'add') {
      this.lastId += 1
      this.rows.push({ id: this.lastId, madeUs: 1_000_000 + this.lastId, activeMs: 1_000_000 })
    }
    if (kind === 'remove') this.rows.splice(index, 1)
    const touched = this.rows[index]
    if (kind === 'touch' && touched) touched.activeMs = 2_000_000 + at
  }
}

interface Change {
  readonly kind: 'add' | 'remove' | 'touch' | 'none'
  readonly at: number
}

function compareAll(one: readonly number[], other: readonly number[]): number {
  for (const [index, value] of one.entries()) if (value !== other[index]) return value - (other[index] ?? 0)
  return 0
}

const id = ({ id }: Row) => id

const asWindow = (list: ChangingList) => ({
  id,
  createdAt: ({ madeUs }: Row) => new Date(Math.floor(madeUs / 1_000)).toISOString(),
  first: async (perPage: number) =>
    list.page(
      ({ activeMs, id }) => [-activeMs, -id],
      () => true,
      1,
      perPage,
    ),
  read: async ({ before, page, perPage }: { before: string | undefined; page: number; perPage: number }) => {
    const beforeUs = before === undefined ? Infinity : Date.parse(before) * 1_000
    return list.page(
      ({ madeUs, id }) => [-madeUs, -id],
      ({ madeUs }) => madeUs <= beforeUs,
      page,
      perPage,
    )
  },
})

const asKeys = (list: ChangingList) => ({
  id,
  first: async (perPage: number) =>
    list.page(
      ({ activeMs, id }) => [-activeMs, -id],
      () => true,
      1,
      perPage,
    ),
  read: async ({ key, perPage }: { key: Record<string, string>; perPage: number }) => {
    const before = Number(key['id_before'] ?? Infinity)
    const { items, hasNext } = list.page(
      ({ id }) => [-id],
      ({ id }) => id < before,
      1,
      perPage,
    )
    return { items, nextKey: hasNext ? { id_before: String(items.at(-1)?.id) } : undefined }
  },
})

const asNumbered = (list: ChangingList) => ({
  id,
  read: async ({ page, perPage }: { page: number; perPage: number }) =>
    list.page(
      ({ id }) => [id],
      () => true,
      page,
      perPage,
    ),
})

const query = { tool: 'list_things', args: {} }

const walks = {
  window: (list: ChangingList) => async (cursor: string | undefined, limit: number) =>
    written(await walkWindow(asWindow(list), cursor === undefined ? undefined : readCursor(query, WindowPlace, cursor), limit)),
  keys: (list: ChangingList) => async (cursor: string | undefined, limit: number) =>
    written(await walkKeys(asKeys(list), cursor === undefined ? undefined : readCursor(query, keyPlace(['id_before']), cursor), limit)),
  numbered: (list: ChangingList) => async (cursor: string | undefined, limit: number) =>
    written(await walkPages(asNumbered(list), cursor === undefined ? undefined : readCursor(query, NumberedPlace, cursor), limit)),
}

const written = ({ items, next }: WalkedPage<Row, object>) => ({ items, cursor: next && writeCursor(query, next) })

const changes = fc.array(
  fc.record({ kind: fc.constantFrom<Change['kind']>('add', 'remove', 'touch', 'none', 'none'), at: fc.nat(1_000) }),
  { maxLength: 40 },
)

// Few milliseconds for many items, as an import makes them.
const times = fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 60 })

test.for(Object.entries(walks))(
  'a walk by %s gives every item that is there all the time once, and none twice, while others are added and removed',
  async ([, walk]) => {
    await fc.assert(
      fc.asyncProperty(times, changes, fc.integer({ min: 1, max: 12 }), async (madeUs, changes, limit) => {
        const list = new ChangingList(madeUs, changes)
        const before = new Set(list.rows.map(id))
        const next = walk(list)
        const given: number[] = []
        let cursor: string | undefined
        for (let pages = 0; ; pages++) {
          expect(pages).toBeLessThan(500)
          const page = await next(cursor, limit)
          expect(page.items.length).toBeLessThanOrEqual(limit)
          given.push(...page.items.map(id))
          cursor = page.cursor
          if (cursor === undefined) break
        }
        expect(given.length).toBe(new Set(given).size)
        const stayed = list.rows.map(id).filter((id) => before.has(id))
        expect(stayed.filter((id) => !given.includes(id))).toEqual([])
      }),
      { numRuns: 300 },
    )
  },
)

const sizes = fc.record({
  limit: fc.integer({ min: 1, max: 40 }),
  perPage: fc.integer({ min: 1, max: 40 }),
  room: fc.integer({ min: 1, max: 40 }),
})

test('so does a walk by number whose pages are of another size each time, and have no room for all that was read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(150), changes, fc.array(sizes, { minLength: 1 }), async (count, changes, sizes) => {
      const list = new ChangingList(
        Array.from({ length: count }, () => 5),
        changes,
      )
      const before = new Set(list.rows.map(id))
      const given: number[] = []
      let place: NumberedPlace | undefined
      for (let pages = 0; pages === 0 || place; pages++) {
        expect(pages).toBeLessThan(1_000)
        const { limit, perPage, room } = sizes[pages % sizes.length] ?? { limit: 1, perPage: 1, room: 1 }
        const source = { ...asNumbered(list), perPage, fits: () => room }
        const page: WalkedPage<Row, NumberedPlace> = await walkPages(source, place, limit)
        expect(page.items.length).toBeLessThanOrEqual(Math.min(limit, room))
        given.push(...page.items.map(id))
        place = page.next
      }
      expect(given.length).toBe(new Set(given).size)
      expect(list.rows.map(id).filter((id) => before.has(id) && !given.includes(id))).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('a cursor of another tool, of other arguments, or of nobody is refused; another limit is no other query', () => {
  const place = { at: 5, count: 5, seen: '' }
  const cursor = writeCursor({ tool: 'list_issues', args: { project: 'a', limit: 5 } }, place)
  expect(readCursor({ tool: 'list_issues', args: { project: 'a', limit: 9, cursor } }, NumberedPlace, cursor)).toEqual(place)
  for (const other of [
    { tool: 'list_issues', args: { project: 'b' } },
    { tool: 'list_projects', args: { project: 'a' } },
  ]) {
    expect(() => readCursor(other, NumberedPlace, cursor)).toThrow(ToolError)
  }
  for (const made of ['', 'x', 'bnVsbA', writeCursor(query, { at: -1 })])
    expect(() => readCursor(query, NumberedPlace, made)).toThrow(ToolError)
})

test('a cursor that somebody made adds no member to the key, and reads no more pages than another', async () => {
  const forged = writeCursor(query, { key: { id_before: '9', sudo: 'root' }, shown: '' })
  await expect(walks.keys(new ChangingList([], []))(forged, 5)).rejects.toMatchObject({ code: 'invalid_input' })
  const never = writeCursor(query, { atMs: 9e15, tied: '', shown: '' })
  await expect(walks.window(new ChangingList([], []))(never, 5)).rejects.toMatchObject({ code: 'invalid_input' })
  const far = writeCursor(query, { at: 5_000_000, count: 5, seen: '' })
  const asked: number[] = []
  const read = async ({ page }: { page: number }) => (asked.push(page), { items: [], hasNext: false })
  await walkPages({ id, read }, readCursor(query, NumberedPlace, far), 5)
  expect(asked.length).toBeLessThanOrEqual(MAX_READS + 1)
})

test.for(Object.entries(walks))('the cursors of a walk by %s are short enough for a call, at any limit', async ([, walk]) => {
  // All made in one millisecond: the most that a window has to remember.
  const list = new ChangingList(
    Array.from({ length: 1_000 }, () => 5_000),
    [],
  )
  let cursor: string | undefined
  const given = new Set<number>()
  do {
    const page = await walk(list)(cursor, 100)
    for (const item of page.items) given.add(item.id)
    cursor = page.cursor
    expect(cursor?.length ?? 0).toBeLessThan(4_000)
  } while (cursor !== undefined && given.size < 300)
  expect(given.size).toBe(300)
})
