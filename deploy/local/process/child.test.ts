import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startChild } from './child.ts'
import type { ChildSpec } from './child.ts'
import { freePort } from '../base/free-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'bir-child-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const answering = `import { createServer } from 'node:http'
createServer((_, answer) => answer.end('ok')).listen(Number(process.env.PORT), '127.0.0.1')
console.log(process.pid)`

test('a child counts as started when it answers, writes a log, and ends when it is stopped', async () => {
  const lines: string[] = []
  const child = await startChild(await aSpec('good', answering), {
    logs: folder,
    stop: new AbortController().signal,
    onLine: (_name, line) => lines.push(line),
  })
  await expect.poll(() => lines, { message: 'lines of the child' }).toHaveLength(1)
  await child.stop()
  expect(await child.ended).toMatch(/^It ended with SIGTERM/)
  await expect.poll(() => readFileSync(join(folder, 'good.log'), 'utf8')).toBe(`${lines[0]}\n`)
})

test('a child that cannot start rejects with the reason from its log', async () => {
  const line = JSON.stringify({ at: 'x', level: 'error', event: 'start-failed', detail: 'the key is damaged' })
  const spec = await aSpec('bad', `console.log(${JSON.stringify(line)}); process.exitCode = 3`)
  const start = startChild(spec, { logs: folder, stop: new AbortController().signal, onLine: () => {} })
  await expect(start).rejects.toThrow('The bad part does not start. It ended with code 3.\nstart-failed: the key is damaged')
})

test('kill -9 of the launcher ends its child', async () => {
  const spec = await aSpec('watched', answering)
  const launcher = join(folder, 'launcher.ts')
  const options = `{ logs: ${JSON.stringify(folder)}, stop: new AbortController().signal, onLine: (_, line) => console.log(line) }`
  writeFileSync(
    launcher,
    `import { startChild } from ${JSON.stringify(new URL('./child.ts', import.meta.url).href)}
await startChild(${JSON.stringify(spec)}, ${options})
setInterval(() => {}, 1000)`,
  )
  const parent = spawn(process.execPath, [launcher], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  expect(pid).toBeGreaterThan(1)
  parent.kill('SIGKILL')
  await expect.poll(() => alive(pid), { message: 'the child is alive' }).toBe(false)
})

// A forked process must watch its own parent. When it watched the launcher instead, it ended at once.
test('a process that a child forks lives as long as that child', async () => {
  const forked = join(folder, 'forked.mjs')
  // The forked process speaks once its own parent watchdog has looked: timers of one process fire in the order they
  // are due.
  writeFileSync(forked, "setTimeout(() => console.log('outlived'), 600); setInterval(() => {}, 1000)")
  const lines: string[] = []
  const forking = `import { fork } from 'node:child_process'
const forked = fork(${JSON.stringify(forked)})
console.log(forked.pid)
forked.on('exit', () => console.log('ended early'))`
  const stop = new AbortController().signal
  const child = await startChild(await aSpec('forking', `${forking}\n${answering}`), {
    logs: folder,
    stop,
    onLine: (_name, line) => lines.push(line),
  })
  await expect.poll(() => lines, { message: 'lines of the child and of what it forked' }).toHaveLength(3)
  const [pid, childPid] = lines.map(Number)
  expect(lines[2]).toBe('outlived')
  expect(childPid).toBeGreaterThan(1)
  process.kill(childPid!, 'SIGKILL')
  await child.ended
  await expect.poll(() => alive(pid ?? 0), { message: 'the forked process is alive' }).toBe(false)
})

async function aSpec(name: string, source: string): Promise<ChildSpec> {
  const script = join(folder, `${name}.mjs`)
  writeFileSync(script, source)
  const port = await freePort()
  return { name, title: `The ${name} part`, script, healthUrl: `http://127.0.0.1:${port}/health`, env: { PORT: String(port) } }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
