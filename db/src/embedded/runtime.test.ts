import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFoldersWritable } from './runtime.ts'

test('programs that were copied from a read-only place can be completed, and removed later', () => {
  const copied = mkdtempSync(join(tmpdir(), 'bir-runtime-'))
  const folders = ['lib', 'lib/postgresql', 'share'].map((name) => join(copied, name))
  for (const folder of folders) mkdirSync(folder)
  writeFileSync(join(copied, 'lib/libpq.so'), '', { mode: 0o444 })
  for (const folder of [...folders.toReversed(), copied]) chmodSync(folder, 0o555)

  makeFoldersWritable(copied)

  expect([copied, ...folders].map((folder) => statSync(folder).mode & 0o777)).toEqual(Array(4).fill(0o755))
  expect(statSync(join(copied, 'lib/libpq.so')).mode & 0o777).toBe(0o444)
  rmSync(copied, { recursive: true })
})
