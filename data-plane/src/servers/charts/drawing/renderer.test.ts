import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Renderer } from './renderer.ts'

function aRenderer(options: ConstructorParameters<typeof Renderer>[0] = {}): Renderer {
  const renderer = new Renderer(options)
  onTestFinished(() => renderer.close())
  return renderer
}

const neverAborted = new AbortController().signal
const job = (spec: object) => ({ kind: 'render', format: 'png', spec: JSON.stringify(spec) }) as const
const data = { values: [{ a: 1 }, { a: 2 }] }
const fine = job({ data, mark: 'bar', encoding: { x: { field: 'a' } } })
const computed = (calculate: string) => job({ data, transform: [{ calculate, as: 'c' }], mark: 'point', encoding: { x: { field: 'c' } } })
const slow = computed("test(regexp('^(a+)+$'), 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')")

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('the process starts with the first chart and ends when idle', async () => {
  const renderer = aRenderer({ idleMs: 50 })
  expect(renderer.pid).toBeUndefined()

  const drawing = renderer.draw(fine, 'alice', neverAborted)
  const pid = renderer.pid ?? 0
  expect(isAlive(pid)).toBe(true)
  expect((await drawing).width).toBeGreaterThan(0)
  await expect.poll(() => isAlive(pid)).toBe(false)
  expect(renderer.pid).toBeUndefined()
})

test.for([
  ['an expression that backtracks endlessly', slow],
  [
    'countless dashes',
    job({
      data: { values: Array.from({ length: 5_000 }, (_, a) => ({ a })) },
      width: 1_900,
      height: 1_900,
      mark: { type: 'rule', strokeDash: [0.001, 0.001] },
      encoding: { x: { field: 'a', type: 'quantitative' } },
    }),
  ],
] as const)('a drawing with %s ends at the limit, and the next chart is drawn', async ([, hostile]) => {
  const renderer = aRenderer({ limitMs: 1_000 })
  const [first, second] = await Promise.allSettled([
    renderer.draw(hostile, 'alice', neverAborted),
    renderer.draw(fine, 'alice', neverAborted),
  ])

  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'timed_out' } })
  expect(second).toMatchObject({ status: 'fulfilled' })
})

/** The CPU time of a process, in clock ticks of Linux (proc_pid_stat(5), utime). */
const ticksOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[11])

test('a drawing that gets no CPU keeps its CPU time', async () => {
  const [stopped, other] = [aRenderer({ limitMs: 1_000 }), aRenderer({ limitMs: 1_000 })]
  await Promise.all([stopped.draw(fine, 'alice', neverAborted), other.draw(fine, 'alice', neverAborted)])
  const { pid = 0 } = stopped
  expect(pid).toBeGreaterThan(1)
  const startTicks = ticksOf(pid)
  let ended = false
  const drawing = expect(stopped.draw(slow, 'alice', neverAborted).finally(() => (ended = true))).rejects.toMatchObject({
    code: 'timed_out',
  })
  await expect.poll(() => ticksOf(pid)).toBeGreaterThan(startTicks + 10)

  process.kill(pid, 'SIGSTOP')
  // This drawing begins later and ends first.
  await expect(other.draw(slow, 'alice', neverAborted)).rejects.toMatchObject({ code: 'timed_out' })
  expect(ended).toBe(false)
  process.kill(pid, 'SIGCONT')
  await drawing
})

test.for([
  ['a list of a thousand million items', computed('length(sequence(0, 1e9))')],
  [
    'generated rows',
    job({ data: { sequence: { start: 0, stop: 1e9 } }, mark: 'point', encoding: { x: { field: 'data', type: 'quantitative' } } }),
  ],
  [
    'countless steps',
    job({ data, transform: [{ density: 'a', steps: 1e9 }], mark: 'line', encoding: { x: { field: 'value', type: 'quantitative' } } }),
  ],
] as const)('a drawing with %s fails and leaves the plane running', async ([, hostile]) => {
  const renderer = aRenderer({ maxHeapMb: 128 })
  const [first, second] = await Promise.allSettled([
    renderer.draw(hostile, 'alice', neverAborted),
    renderer.draw(fine, 'alice', neverAborted),
  ])

  expect(first).toMatchObject({
    status: 'rejected',
    reason: { code: expect.stringMatching(/^(too_large|timed_out|invalid_input)$/) as string },
  })
  expect(second).toMatchObject({ status: 'fulfilled' })
})

test('a chart that comes when its person has enough waiting is refused, with when to come back', async () => {
  const renderer = aRenderer({ maxWaitingPerPerson: 2 })
  const drawings = [fine, fine, fine].map((job) => renderer.draw(job, 'alice', neverAborted))

  await expect(renderer.draw(fine, 'alice', neverAborted)).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'Too many of your calls wait for the chart renderer.',
    retryable: true,
    retryAfterS: expect.any(Number) as number,
  })
  expect(await Promise.all(drawings)).toHaveLength(3)
})

test('nine slow charts of one person do not keep the chart of another from being drawn', async () => {
  const renderer = aRenderer({ limitMs: 500 })
  let endedCount = 0
  const slowOnes = Array.from({ length: 9 }, () => renderer.draw(slow, 'alice', neverAborted).catch(() => void endedCount++))

  expect((await renderer.draw(fine, 'carol', neverAborted)).width).toBeGreaterThan(0)
  expect(endedCount).toBeLessThanOrEqual(1)
  await renderer.close()
  await Promise.all(slowOnes)
})

test('a chart that is cancelled while it waits frees its place in the queue, and is not drawn', async () => {
  const renderer = aRenderer({ maxWaitingPerPerson: 1 })
  const leaving = new AbortController()
  const first = renderer.draw(fine, 'alice', neverAborted)
  const second = renderer.draw(fine, 'alice', leaving.signal)
  leaving.abort(new Error('gone'))

  await expect(second).rejects.toThrow('gone')
  expect(await Promise.all([first, renderer.draw(fine, 'alice', neverAborted)])).toHaveLength(2)
})

test('a process that is killed is replaced', async () => {
  const renderer = aRenderer()
  const lost = renderer.draw(slow, 'alice', neverAborted)
  expect(renderer.pid).toBeGreaterThan(1)
  process.kill(renderer.pid!, 'SIGKILL')

  await expect(lost).rejects.toThrow('the chart process ended (SIGKILL)')
  expect((await renderer.draw(fine, 'alice', neverAborted)).width).toBeGreaterThan(0)
})

test('mounting the charts server loads none of the libraries that draw', () => {
  const index = fileURLToPath(new URL('../index.ts', import.meta.url))
  const script = `import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) { console.log(name); return next(name, context) } })
    await import(${JSON.stringify(index)})`
  const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).split('\n')

  expect(loaded).toContain('./drawing/renderer.ts')
  expect(loaded.filter((name) => /vega(?!-lite\.ts$)|resvg|ajv/.test(name))).toEqual([])
})
