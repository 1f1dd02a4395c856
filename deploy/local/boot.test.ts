import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const pnpm = { name: 'pnpm', version: '1.2.3', integrity: `sha512-${Buffer.alloc(64).toString('base64')}` }
const pnpmScript = '.bir-runtime/pnpm-1.2.3-000000000000/bin/pnpm.mjs'
let root: string

// A small checkout: the bootstrap itself, a command that prints its arguments, and an installer that counts its
// runs. The installer is there already, so nothing is fetched.
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bir-boot-'))
  const here = fileURLToPath(new URL('.', import.meta.url))
  cpSync(join(here, 'boot.mjs'), join(root, 'deploy/local/boot.mjs'))
  cpSync(join(here, 'boot'), join(root, 'deploy/local/boot'), { recursive: true })
  file('package.json', '{}')
  file('node_modules/.keep', '')
  file('sdk/src/cli/main.ts', 'const given: string[] = process.argv.slice(2); console.log(JSON.stringify(given)); process.exitCode = 3')
  file('deploy/local/boot/pins.json', JSON.stringify({ node: {}, pnpm }))
  file(pnpmScript, "import { appendFileSync } from 'node:fs'; appendFileSync('installs', 'x')")
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('bir gets its arguments, stdout holds its output alone, and its exit code is returned', async () => {
  expect(await boot('bir', 'token', 'alice')).toMatchObject({ code: 3, out: '["token","alice"]\n' })
})

test('it installs once after a lock file or a package.json has changed', async () => {
  await Promise.all([boot('bir'), boot('bir')])
  await boot('bir')
  expect(readFileSync(join(root, 'installs'), 'utf8')).toBe('x')
  file('pnpm-lock.yaml', 'changed')
  await boot('bir')
  expect(readFileSync(join(root, 'installs'), 'utf8')).toBe('xx')
})

test.for([
  { fault: 'getaddrinfo ENOTFOUND registry', says: /^The npm registry .*is out of reach: check the network/ },
  { fault: 'ENOSPC: no space left on device', says: /^The disk is full: free some space/ },
  { fault: 'EROFS: read-only file system', says: /^The folder .* cannot be written/ },
  { fault: 'self-signed: UNABLE_TO_GET_ISSUER_CERT', says: /^The certificate of .* is not trusted/ },
  { fault: 'ERR_PNPM_TARBALL_INTEGRITY Got unexpected checksum', says: /^The npm registry .* handed out a package that is not the one/ },
  {
    fault: 'ERR_PNPM_FETCH_404  GET …: Not Found - 404',
    says: /^Installing the dependencies failed, because The npm registry .* does not have it/,
  },
  { fault: 'something unheard of', says: /^Installing the dependencies failed:\nsomething unheard of/ },
])('an install that fails with "$fault" ends with one sentence', async ({ fault, says }) => {
  file(pnpmScript, `console.error(${JSON.stringify(fault)}); process.exitCode = 1`)
  const { code, err } = await boot('bir')
  expect(code).toBe(1)
  expect(err.split('\n').slice(1).join('\n')).toMatch(says)
})

test('an unknown verb is refused', async () => {
  expect(await boot('strat')).toMatchObject({ code: 1, err: 'There is no verb "strat": use start, test, bir, bench, graph or sdk.\n' })
})

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

async function boot(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, 'deploy/local/boot.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}
