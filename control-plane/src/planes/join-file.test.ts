import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'
import { joinFileOf } from './join-file.ts'

const address = { issuer: 'https://control.example.com', fingerprint: '0'.repeat(64) }

test('a file that cannot be written is named with its setting and the reason, and nothing is left behind', async () => {
  await using database = await testDb()
  const folder = await mkdtemp(join(tmpdir(), 'bir-join-'))
  const fileAt = (path: string) => joinFileOf({ db: database.db, path, address, log: () => undefined })
  const path = join(folder, 'absent', 'line')
  await expect(fileAt(path).renew()).rejects.toThrow(`JOIN_FILE names ${path}, which cannot be written (ENOENT): make its folder`)
  expect(existsSync(join(folder, 'absent'))).toBe(false)
  await fileAt(join(folder, 'line')).renew()
  expect(readFileSync(join(folder, 'line'), 'utf8')).toContain('https://control.example.com#')
  await rm(folder, { recursive: true })
})
