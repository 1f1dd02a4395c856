import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { integrityOf, makeTarball, startRegistry } from '../../testing/false-registry.ts'
import type { Package } from '../../testing/false-registry.ts'

interface Pin {
  name: string
  version: string
  integrity: string
}

const here = fileURLToPath(new URL('.', import.meta.url))
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const platform = `${process.platform}-${process.arch}`

/** Whatever runs leaves a file, so that a test sees that nothing has run. */
const nodeOf = (version: string) => ({
  name: 'node-tiny',
  version,
  tarball: makeTarball({ 'bin/node': `#!/bin/sh\ntouch node-ran\necho v${version}\n` }),
})
const pnpmOf = (mark: string) => ({
  name: 'pnpm',
  version: '11.0.1',
  tarball: makeTarball({ 'bin/pnpm.mjs': `import { writeFileSync } from 'node:fs'; writeFileSync('pnpm-ran', ${JSON.stringify(mark)})` }),
})
const pinOf = ({ name, version, tarball }: Package): Pin => ({ name, version, integrity: integrityOf(tarball) })

/** The bootstrap as it would be under Node 20. */
const findRuntime = `import { findRuntime } from './deploy/local/boot/runtime.mjs'
  await findRuntime(process.cwd(), console.log, 'v20.1.0').catch(({ message }) => {
    console.error(message)
    process.exitCode = 1
  })`

let root: string

/** A small checkout that pins a Node and a pnpm of a few bytes. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bir-pins-'))
  cpSync(join(here, '../boot.mjs'), join(root, 'deploy/local/boot.mjs'))
  cpSync(here, join(root, 'deploy/local/boot'), { recursive: true })
  file('package.json', '{}')
  file('node_modules/.keep', '')
  file('sdk/src/cli/main.ts', "console.log('bir ran')")
  file('.npmrc', 'fetch-retries=0')
  file('find-runtime.mjs', findRuntime)
  pin({ node: { [platform]: pinOf(nodeOf('24.1.0')) }, pnpm: pinOf(pnpmOf('pinned')) })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('every kind of machine that can run the product has a pinned Node, and every pin is an exact version with a sha512', () => {
  const pins = JSON.parse(readFileSync(join(here, 'pins.json'), 'utf8')) as { node: Record<string, Pin>; pnpm: Pin }
  expect(Object.keys(pins.node).toSorted()).toEqual(['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'])
  for (const [kind, { name, version }] of Object.entries(pins.node)) {
    expect(name).toMatch(new RegExp(`^node-(bin-)?${kind}$`))
    expect(Number(version.split('.')[0])).toBeGreaterThanOrEqual(24)
  }
  expect(pins.pnpm.name).toBe('pnpm')
  for (const { version, integrity } of [...Object.values(pins.node), pins.pnpm]) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(Buffer.from(integrity.replace(/^sha512-/, ''), 'base64')).toHaveLength(64)
    expect(integrity).toMatch(/^sha512-/)
  }
})

test('the lock file names the sha512 of every package, and none comes from elsewhere than a registry', () => {
  const lockFile = readFileSync(join(repository, 'pnpm-lock.yaml'), 'utf8')
  const resolutions = lockFile.split('\n').filter((line) => line.includes('resolution:'))
  expect(resolutions.length).toBeGreaterThan(300)
  expect(resolutions.filter((line) => !/^ {4}resolution: \{integrity: sha512-[\w+/]{86}==\}$/.test(line))).toEqual([])
})

test('a registry of any address that serves the right bytes is good: Node and pnpm are fetched once and run', async () => {
  const registry = await serving(nodeOf('24.1.0'), pnpmOf('pinned'))
  const first = await run(registry, 'find-runtime.mjs')
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('Fetching Node 24.1.0 and pnpm 11.0.1') })
  expect(existsSync(join(root, 'node-ran'))).toBe(true)
  const { code, out } = await run('http://127.0.0.1:1', 'deploy/local/boot.mjs', 'bir')
  expect({ code, out, pnpm: read('pnpm-ran') }).toEqual({ code: 0, out: 'bir ran\n', pnpm: 'pinned' })
})

test('a registry that hands out another Node or pnpm of the same version is refused, and nothing of it runs or stays', async () => {
  const otherNode = { ...nodeOf('24.1.0'), tarball: makeTarball({ 'bin/node': '#!/bin/sh\ntouch node-ran\necho v24.1.0 \n' }) }
  const node = await run(await serving(otherNode, pnpmOf('pinned')), 'find-runtime.mjs')
  const pnpm = await run(await serving(nodeOf('24.1.0'), pnpmOf('other')), 'deploy/local/boot.mjs', 'bir')
  for (const [title, { code, err }] of Object.entries({ 'Node 24.1.0': node, 'pnpm 11.0.1': pnpm })) {
    expect(code).toBe(1)
    expect(err).toContain(`handed out a ${title} that is not the one this release names (sha512-`)
    expect(err).toMatch(/Nothing of it was run or kept\. Check npm's registry setting; .*tell whoever runs that registry\.\n$/)
  }
  expect(['node-ran', 'pnpm-ran'].filter((name) => existsSync(join(root, name)))).toEqual([])
  expect(readdirSync(join(root, '.bir-runtime'))).toEqual([])
})

test('a registry whose tarball is not even what it says itself is refused alike', async () => {
  const registry = await serving({ ...pnpmOf('other'), integrity: integrityOf(pnpmOf('pinned').tarball) })
  const { code, err } = await run(registry, 'deploy/local/boot.mjs', 'bir')
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('handed out a package that is not the one this release names') })
  expect(existsSync(join(root, 'pnpm-ran'))).toBe(false)
})

test('what an earlier release had fetched without a pin is not run, and what a killed start left is removed', async () => {
  file(`.bir-runtime/node_modules/node-${platform}/bin/node`, '#!/bin/sh\ntouch old-ran\necho v24.9.9\n')
  file('.bir-runtime/unfinished-1/bin/node', 'half a file')
  file('.bir-runtime/node_modules/pnpm/bin/pnpm.mjs', "import { writeFileSync } from 'node:fs'; writeFileSync('old-ran', '')")
  const registry = await serving(nodeOf('24.1.0'), pnpmOf('pinned'))
  expect(await run(registry, 'find-runtime.mjs')).toMatchObject({ code: 0 })
  expect(await run(registry, 'deploy/local/boot.mjs', 'bir')).toMatchObject({ code: 0 })
  expect([read('pnpm-ran'), existsSync(join(root, 'old-ran'))]).toEqual(['pinned', false])
  expect(existsSync(join(root, '.bir-runtime/unfinished-1'))).toBe(false)
})

test('a registry that lacks the package, and a machine that has no pin, each end with what to do', async () => {
  const { err } = await run(await serving(), 'deploy/local/boot.mjs', 'bir')
  expect(err).toContain('Fetching pnpm 11.0.1 failed, because The npm registry (http://127.0.0.1:')
  expect(err).toMatch(/does not have it: ask whoever runs that registry to add it/)
  pin({ node: {}, pnpm: pinOf(pnpmOf('pinned')) })
  const unknown = await run('http://127.0.0.1:1', 'find-runtime.mjs')
  expect(unknown.err).toContain(`Node 24 or newer is needed, and none is known for ${platform}: install it from nodejs.org`)
})

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text, { mode: 0o755 })
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pin = (pins: { node: Record<string, Pin>; pnpm: Pin }) => file('deploy/local/boot/pins.json', JSON.stringify(pins))

async function serving(...packages: Package[]): Promise<string> {
  const registry = await startRegistry(packages)
  onTestFinished(() => registry.stop())
  return registry.url
}

async function run(registry: string, script: string, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...process.env, INIT_CWD: root, npm_config_registry: registry, npm_config_cache: join(root, 'npm-cache') }
  const child = spawn(process.execPath, [script, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}
