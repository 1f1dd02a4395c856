import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const rules = fileURLToPath(new URL('./lint-rules.mjs', import.meta.url))
const oxlint = fileURLToPath(new URL('../../node_modules/oxlint/bin/oxlint', import.meta.url))

/** The lines that `house/handled-deferred` reports in the source. */
function reportedLines(source: string): number[] {
  const dir = mkdtempSync(join(tmpdir(), 'bir-lint-'))
  try {
    const config = { jsPlugins: [rules], categories: { correctness: 'off' }, rules: { 'house/handled-deferred': 'error' } }
    writeFileSync(join(dir, '.oxlintrc.json'), JSON.stringify(config))
    writeFileSync(join(dir, 'a.ts'), source)
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json', 'a.ts'], { cwd: dir, encoding: 'utf8' })
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { labels: { span: { line: number } }[] }[] }
    return diagnostics.flatMap(({ labels }) => labels.map(({ span }) => span.line)).toSorted((a, b) => a - b)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

test('a promise that others may reject is reported where something else is awaited before it has a handler', () => {
  const source = `
    async function ask(send) {
      const { promise, reject } = Promise.withResolvers()
      signal.onabort = () => reject(new Error('gone'))
      await send()
      return await promise
    }
    async function made(send) {
      const answer = new Promise((resolve, reject) => waiters.push({ resolve, reject }))
      try {
        await send()
      } finally {
        await answer
      }
    }
    async function whole(send) {
      const late = Promise.withResolvers()
      await send(late.reject)
      await late.promise
    }
    class Field {
      waiting = Promise.withResolvers()
      end() {
        this.waiting.reject(new Error('over'))
      }
    }`
  expect(reportedLines(source)).toEqual([3, 9, 17, 22])
})

test('a promise that is awaited at once, has a handler, or cannot be rejected is not', () => {
  const source = `
    async function raced(work) {
      const late = Promise.withResolvers()
      timer(late.reject)
      await Promise.race([late.promise, work()])
    }
    async function handled(send) {
      const { promise, reject } = Promise.withResolvers()
      promise.catch(() => undefined)
      await send(reject)
      await promise
    }
    async function resolved(send) {
      const { promise, resolve } = Promise.withResolvers()
      await send(resolve)
      await promise
    }
    async function elsewhere() {
      const { promise, reject } = Promise.withResolvers()
      queue.push(async () => reject(await fault()))
      return promise
    }
    class Field {
      waiting = Promise.withResolvers()
      end() {
        this.waiting.resolve()
      }
    }`
  expect(reportedLines(source)).toEqual([])
})
