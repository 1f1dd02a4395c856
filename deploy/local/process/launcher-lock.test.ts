import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { takeLock } from './launcher-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'bir-lock-'))
const file = join(folder, 'launcher.lock')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a lock can be released', () => {
  const release = takeLock(file)
  expect(existsSync(file)).toBe(true)
  release()
  expect(existsSync(file)).toBe(false)
})

test('a lock of a killed launcher does not stop a start, even when another program has its pid now', () => {
  for (const stale of ['999999999', '1', 'rubbish', '']) {
    writeFileSync(file, stale)
    const release = takeLock(file)
    expect(readFileSync(file, 'utf8')).toBe(String(process.pid))
    release()
    expect(existsSync(file)).toBe(false)
  }
})

test('a lock of a running launcher stops a start, and its process is named', async () => {
  const script = join(folder, 'start.ts')
  writeFileSync(script, "setInterval(() => {}, 1000); console.log('up')")
  const other = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => other.stdout.once('data', resolve))
  writeFileSync(file, String(other.pid))
  expect(() => takeLock(file)).toThrow(`already running from this home (process ${other.pid}`)
  other.kill('SIGKILL')
})
