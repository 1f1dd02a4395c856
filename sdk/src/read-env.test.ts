import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { envName, readEnv, settingFaults, unencryptedAddresses } from './read-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'bir-read-env-'))
const file = join(folder, 'secret')
writeFileSync(file, '  from the file\n')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a setting is named in capitals, behind its prefix', () => {
  expect(envName('callTimeoutMs')).toBe('CALL_TIMEOUT_MS')
  expect(envName('port', 'BIR_')).toBe('BIR_PORT')
})

test.for([
  ['a variable', { FOO_BAR: 'x' }, 'x'],
  ['an empty variable', { FOO_BAR: '' }, undefined],
  ['no variable', {}, undefined],
  ['an empty name of a file', { FOO_BAR_FILE: '' }, undefined],
  ['a file, trimmed', { FOO_BAR_FILE: file }, 'from the file'],
  ['a variable beside a file', { FOO_BAR: 'x', FOO_BAR_FILE: '/nowhere' }, 'x'],
  ['an empty variable beside a file', { FOO_BAR: '', FOO_BAR_FILE: file }, undefined],
] as const)('%s gives the value of a setting', ([, env, value]) => {
  expect(readEnv(['fooBar'], env)).toEqual({ values: { fooBar: value }, unreadable: [] })
})

test('every file that cannot be read is named, and the other settings are read', () => {
  const env = { BIR_KEY_FILE: '/nowhere/key', BIR_PORT: '1', BIR_URL_FILE: folder }
  expect(readEnv(['key', 'port', 'url'], env, 'BIR_')).toEqual({
    values: { key: undefined, port: '1', url: undefined },
    unreadable: ['BIR_KEY_FILE names /nowhere/key, which cannot be read', `BIR_URL_FILE names ${folder}, which cannot be read`],
  })
})

test('faults of settings name their variables', () => {
  const { error } = z.object({ publicUrl: z.url(), port: z.coerce.number() }).safeParse({ port: 'x' })
  expect(settingFaults(error ?? { issues: [] })).toBe('PUBLIC_URL is missing; PORT must be a number')
})

test('every address without TLS is found, whatever its setting is called', () => {
  const settings = {
    a: 'https://x',
    b: 'http://x',
    c: 'HTTP://x',
    d: 7,
    e: 'http://x',
    f: 'postgres://x',
    g: ['https://x', 'http://y'],
    h: ['https://x'],
  }
  expect(unencryptedAddresses(settings, ['e'])).toEqual(['b', 'c', 'g'])
})
