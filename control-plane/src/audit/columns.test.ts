import { testDb } from '@bir/db/testing'
import * as fc from 'fast-check'
import { CompiledQuery } from 'kysely'
import { expect, test } from 'vitest'
import { bigintArray, timestamptzArray, textArray } from './columns.ts'

const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined })
const rows = fc.array(
  fc.record({ text, body: fc.option(fc.string(), { nil: undefined }), int: fc.maxSafeInteger(), ms: fc.integer({ min: 0, max: 4e12 }) }),
  { minLength: 1, maxLength: 5 },
)

test('Postgres reads exactly the values that were encoded', async () => {
  await using made = await testDb({ migrated: false })
  const read = 'select * from unnest($1::text[], $2::bytea[], $3::bigint[], $4::timestamptz[]) as r(text, body, int, at)'
  await fc.assert(
    fc.asyncProperty(rows, async (some) => {
      const noNul = some.map((row) => ({ ...row, text: row.text?.replaceAll('\0', '') }))
      const columns = [
        textArray(
          'text',
          noNul.map((row) => row.text),
        ),
        textArray(
          'bytea',
          noNul.map((row) => row.body),
        ),
        bigintArray(noNul.map((row) => row.int)),
        timestamptzArray(noNul.map((row) => row.ms)),
      ]
      const { rows: found } = await made.db.executeQuery(CompiledQuery.raw(read, columns))
      expect(found).toEqual(
        noNul.map((row) => ({
          text: row.text ?? null,
          body: row.body === undefined ? null : Buffer.from(row.body),
          int: String(row.int),
          at: new Date(row.ms),
        })),
      )
    }),
    { numRuns: 50 },
  )
})
