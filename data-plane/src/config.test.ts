import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const needed = { PUBLIC_URL: 'http://127.0.0.1:8080/', HOME_DIR: '/var/lib/bir/plane' }

test('a value is read from the file that its _FILE twin names', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'bir-config-')), 'name')
  writeFileSync(file, 'north\n')
  expect(readConfig({ ...needed, PLANE_NAME_FILE: file }).planeName).toBe('north')
})

test('a file that cannot be read is named with its setting', () => {
  expect(() => readConfig({ ...needed, BIR_JOIN_FILE: '/nowhere/join' })).toThrow(
    'BIR_JOIN_FILE names /nowhere/join, which cannot be read.',
  )
})

test('every fault is named at once', () => {
  const start = () => readConfig({ PORT: '99999', BIR_JOIN: 'x' })
  for (const name of ['port', 'birJoin', 'publicUrl', 'homeDir']) expect(start).toThrow(name)
})

test('outside stage local the public address must be https', () => {
  expect(() => readConfig({ ...needed, STAGE: 'prod' })).toThrow('https')
  expect(readConfig({ ...needed, STAGE: 'prod', PUBLIC_URL: 'https://mcp.example.com' }).stage).toBe('prod')
})
