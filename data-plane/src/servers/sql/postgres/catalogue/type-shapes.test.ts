import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank } from '../../testing.ts'
import type { Bank } from '../../testing.ts'
import { shapeOfType } from './type-shapes.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

test('of each type whose shape is known, PostgreSQL says the same', async () => {
  const { rows } = await bank.owner.query<{ id: number; name: string; shape: string }>(`
    select t.oid::int as id, t.typname as name, case
        when t.typname = 'tsvector' then 'tsvector' when t.typtype = 'm' then 'scalars' when t.typtype in ('c', 'p', 'd') then 'other'
        when t.typcategory = 'A' then case when e.typtype in ('b', 'r') then 'scalars' else 'other' end else 'scalar' end as shape
    from pg_type t left join pg_type e on e.oid = t.typelem where t.oid < 16384`)
  const wrong = rows.filter(({ id, shape }) => shapeOfType(id) !== 'unknown' && shapeOfType(id) !== shape)
  expect(wrong).toEqual([])
  const known = rows.filter(({ id }) => shapeOfType(id) !== 'unknown').map(({ name }) => name)
  expect(known).toEqual(
    expect.arrayContaining(['int4', 'text', 'numeric', 'jsonb', 'tsvector', '_text', '_uuid', 'daterange', 'int4multirange']),
  )
})
