import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = fileURLToPath(new URL('./stray-rejections.ts', import.meta.url))

/** Runs the program in a process of its own, and gives the count and what was reported. */
function inProcess(program: string): unknown {
  const source = `
    import { surviveStrayRejections } from ${JSON.stringify(path)}
    let nowMs = 0
    const seen = []
    const strays = surviveStrayRejections((rejection) => seen.push(rejection), () => nowMs)
    const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
    ${program}
    console.log(JSON.stringify({ count: strays.count, seen }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test('a rejection that nobody holds is told with its place and without its words, and the process goes on', () => {
  const program = `
    class Refused extends Error { name = 'Refused'; code = 'E_REFUSED' }
    function makeRefusal() { return new Refused('Bearer sesame\\n    said the server') }
    Promise.reject(makeRefusal())
    await turn()`
  const { count, seen } = inProcess(program) as { count: number; seen: { stack: string[] }[] }
  expect(count).toBe(1)
  expect(seen).toMatchObject([{ error: 'Refused', code: 'E_REFUSED', count: 1 }])
  expect(seen[0]?.stack[0]).toContain('makeRefusal')
  expect(JSON.stringify(seen)).not.toContain('sesame')
})

test('many at once are counted, and told once a second', () => {
  const program = `
    for (let at = 0; at < 100; at++) Promise.reject(new Error('again'))
    await turn()
    nowMs = 1000
    Promise.reject('no error at all')
    await turn()`
  const { count, seen } = inProcess(program) as { count: number; seen: unknown[] }
  expect(count).toBe(101)
  expect(seen).toMatchObject([
    { error: 'Error', count: 1 },
    { error: 'string', count: 101 },
  ])
})
