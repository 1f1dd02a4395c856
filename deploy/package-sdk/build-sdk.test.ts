import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSdk } from './build-sdk.ts'

const project = mkdtempSync(join(tmpdir(), 'bir-sdk-test-'))
const installed = join(project, 'node_modules/@bir/sdk')
/** The Node that ran `npm test`: 20 in the check of every change. */
const oldNode = process.env['BIR_BOOT_NODE'] ?? process.execPath

beforeAll(async () => {
  mkdirSync(dirname(installed), { recursive: true })
  await buildSdk(installed)
  symlinkSync(fileURLToPath(new URL('../../sdk/node_modules', import.meta.url)), join(installed, 'node_modules'))
})

afterAll(() => rmSync(project, { recursive: true }))

const run = (...args: string[]) => execFileSync(oldNode, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

test('the client and the contract load under the Node that started the tests', () => {
  const script = `
    import { createClient } from '@bir/sdk'
    import { Level } from '@bir/sdk/contract/level'
    console.log(typeof createClient({ url: 'http://127.0.0.1', token: 'x' }).servers.list, Level.parse('read'))`
  expect(run('--input-type=module', '-e', script)).toBe('function read\n')
})

test('the bir command runs from the package', () => {
  expect(run(join(installed, 'dist/cli/main.js'), '--help')).toContain('Usage: bir')
})

test('the client imports nothing of Node, so it runs in browsers', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const walk = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)) {
      if (name.startsWith('.')) walk(join(dirname(file), name))
      else packages.add(name)
    }
  }
  walk(join(installed, 'dist/client.js'))
  expect(seen.size).toBeGreaterThan(5)
  expect([...packages]).toEqual(['zod'])
})

test('every package that it needs runs on Node 20 too', () => {
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { dependencies: object }
  const engines = Object.keys(dependencies).map((name) => {
    const { engines: { node = '*' } = {} } = JSON.parse(readFileSync(join(installed, 'node_modules', name, 'package.json'), 'utf8'))
    return [name, Number(/\d+/.exec(node)?.[0] ?? 0)] as const
  })
  expect(engines.filter(([, major]) => major > 20)).toEqual([])
})

test('every file has its types, and no dependency is left to the workspace', () => {
  const manifest = readFileSync(join(installed, 'package.json'), 'utf8')
  expect(manifest).not.toMatch(/catalog:|workspace:/)
  expect(readFileSync(join(installed, 'dist/client.d.ts'), 'utf8')).toContain('export declare function createClient')
})
