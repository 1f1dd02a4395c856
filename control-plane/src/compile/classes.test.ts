import { testDb } from '@bir/db/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readClasses, recordClasses } from './classes.ts'
import type { Class } from './holders.ts'

const holder = '019aa000-0000-7000-8000-00000000000f'
const classes: Class[] = ['aaaa', 'bbbb', 'cccc'].map((key) => ({ key, holders: [holder] }))

test('after buckets are compiled in any order, the stored classes are those that some bucket has', async () => {
  await using made = await testDb()
  const aFinding = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.subarray(classes))
  const publications = fc.array(fc.array(aFinding, { minLength: 1, maxLength: 3 }), { maxLength: 6 })
  await fc.assert(
    fc
      .asyncProperty(publications, async (rounds) => {
        const now = new Map<number, Class[]>()
        for (const round of rounds) {
          const found = new Map(round)
          for (const [bucket, of] of found) now.set(bucket, of)
          await made.db.transaction().execute((trx) => recordClasses(trx, found))
        }
        const there = new Set([...now.values()].flat().map(({ key }) => key))
        expect(await readClasses(made.db)).toEqual(classes.filter(({ key }) => there.has(key)))
      })
      .afterEach(async () => {
        await made.db.deleteFrom('classes').execute()
        await made.db.deleteFrom('bucket_classes').execute()
      }),
    { numRuns: 30 },
  )
})
