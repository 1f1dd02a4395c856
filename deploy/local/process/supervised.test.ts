import { expect, test } from 'vitest'
import { Supervised } from './supervised.ts'
import type { Observer, Pause, Running } from './supervised.ts'

test('a part that ends by itself is started again', async () => {
  const observer = anObserver()
  const lives: Mortal[] = []
  const part = new Supervised('part', async () => aMortal(lives), observer)
  await part.start()
  lives[0]?.die('out of luck')
  await observer.heard('back')

  expect(observer.lines).toEqual(['died: out of luck', 'back'])
  expect(lives).toHaveLength(2)
  await part.stop()
  expect(lives[1]?.stopped).toBe(true)
})

test('a part that cannot stay up is tried for ever, after pauses that grow to 30 s; the other part lives on', async () => {
  const observer = anObserver()
  const others: Mortal[] = []
  const other = new Supervised('other', async () => aMortal(others), observer)
  await other.start()

  const time = aTime()
  let starts = 0
  const start = async (): Promise<Running> => {
    starts += 1
    if (starts % 2 === 0) throw new Error('port taken')
    return { stop: async () => {}, ended: Promise.resolve('no disk') }
  }
  const part = new Supervised('part', start, observer, time.pause)
  await part.start()
  for (let at = 0; at < 12; at++) await time.pass(isRetry)

  await expect
    .poll(() => time.retriesMs())
    .toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000])
  expect(observer.lines.filter((line) => line.startsWith('died')).slice(0, 2)).toEqual(['died: no disk', 'died: port taken'])
  expect([others.length, others[0]?.stopped]).toEqual([1, false])
  await Promise.all([part.stop(), other.stop()])
})

test('after a minute of running, a part is said to be steady, and its next death is followed by a short pause', async () => {
  const observer = anObserver()
  const time = aTime()
  const lives: Mortal[] = []
  const part = new Supervised('part', async () => aMortal(lives), observer, time.pause)
  await part.start()
  for (let death = 0; death < 3; death++) {
    lives.at(-1)?.die('bad luck')
    await time.pass(isRetry)
    await expect.poll(() => lives).toHaveLength(death + 2)
  }
  await time.pass(isMinute)
  await observer.heard('steady')
  lives.at(-1)?.die('bad luck')
  await expect.poll(() => time.retriesMs()).toEqual([100, 200, 400, 100])
  await part.stop()
})

test('a stop while a part waits for its next start ends at once, and nothing is started any more', async () => {
  const observer = anObserver()
  const lives: Mortal[] = []
  const part = new Supervised('part', async () => aMortal(lives), observer, aTime().pause)
  await part.start()
  lives[0]?.die('bad luck')
  await observer.heard('died')
  await part.stop()
  expect(lives).toHaveLength(1)
})

test('a first start that fails rejects and is not repeated', async () => {
  const observer = anObserver()
  const part = new Supervised('part', () => Promise.reject(new Error('bad key')), observer)
  await expect(part.start()).rejects.toThrow('bad key')
  expect(observer.lines).toEqual([])
})

test('a stop ends a part that is still starting', async () => {
  const part = new Supervised(
    'part',
    (stop) => new Promise<Running>((_resolve, reject) => stop.addEventListener('abort', () => reject(new Error('stopped')))),
    anObserver(),
  )
  const started = expect(part.start()).rejects.toThrow('stopped')
  await part.stop()
  await started
})

interface Mortal extends Running {
  die(words: string): void
  stopped: boolean
}

function aMortal(lives: Mortal[]): Mortal {
  let die: (words: string) => void = () => {}
  const ended = new Promise<string>((resolve) => (die = resolve))
  const mortal: Mortal = {
    ended,
    die,
    stopped: false,
    stop: async () => {
      mortal.stopped = true
      die('asked to')
    },
  }
  lives.push(mortal)
  return mortal
}

const isMinute = (ms: number) => ms === 60_000
const isRetry = (ms: number) => !isMinute(ms)

/** A time that passes when the test says so: `pass` waits for a pause of a kind, and ends it. */
function aTime() {
  const pauses: { ms: number; isOver: boolean; end(): void }[] = []
  const pause: Pause = (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        entry.isOver = true
        resolve()
      }
      const entry = { ms, isOver: false, end }
      pauses.push(entry)
      signal.addEventListener('abort', end)
    })
  return {
    pause,
    retriesMs: () => pauses.map(({ ms }) => ms).filter(isRetry),
    async pass(isMeant: (ms: number) => boolean) {
      const current = () => pauses.find(({ ms, isOver }) => !isOver && isMeant(ms))
      await expect.poll(current, { interval: 1, message: 'a pause' }).toBeDefined()
      current()?.end()
    },
  }
}

function anObserver(): Observer & { lines: string[]; heard(start: string): Promise<void> } {
  const lines: string[] = []
  return {
    lines,
    died: (_name, { lastWords }) => lines.push(`died: ${lastWords}`),
    back: () => lines.push('back'),
    steady: () => lines.push('steady'),
    async heard(start) {
      await expect.poll(() => lines, { message: 'what the observer was told' }).toContainEqual(expect.stringMatching(`^${start}`))
    },
  }
}
