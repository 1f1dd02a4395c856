import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { VERSION } from './contract/version.ts'

test('the version that the software tells is that of its package', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  expect(JSON.parse(text)).toHaveProperty('version', VERSION)
})
