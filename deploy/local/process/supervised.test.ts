import { expect, test } from 'vitest'
import { Supervised } from './supervised.ts'
import type { Observer, Running } from './supervised.ts'

test('what dies is started again', async () => {
  const told = anObserver()
  const lives: Mortal[] = []
  const part = new Supervised('part', async () => aMortal(lives), told)
  await part.start()
  lives[0]?.die('out of luck')
  await told.heard('back')

  expect(told.lines).toEqual(['died: out of luck', 'back'])
  expect(lives).toHaveLength(2)
  await part.stop()
  expect(lives[1]?.stopped).toBe(true)
})

test('what dies five times within a minute is given up, with its last words', async () => {
  const told = anObserver()
  const start = async (): Promise<Running> => ({ stop: async () => {}, ended: Promise.resolve('no disk') })
  const part = new Supervised('part', start, told)
  await part.start()
  await told.heard('gave up')
  expect(told.lines.filter((line) => line.startsWith('died'))).toHaveLength(4)
  expect(told.lines.at(-1)).toBe('gave up: no disk')
})

test('a first start that fails is told to whoever asked, and not repeated', async () => {
  const told = anObserver()
  const part = new Supervised('part', () => Promise.reject(new Error('bad key')), told)
  await expect(part.start()).rejects.toThrow('bad key')
  expect(told.lines).toEqual([])
})

test('a stop ends what is still starting', async () => {
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

function anObserver(): Observer & { lines: string[]; heard(start: string): Promise<void> } {
  const lines: string[] = []
  return {
    lines,
    died: (_name, words) => lines.push(`died: ${words}`),
    back: () => lines.push('back'),
    gaveUp: (_name, words) => lines.push(`gave up: ${words}`),
    async heard(start) {
      await expect.poll(() => lines, { message: 'what the observer was told' }).toContainEqual(expect.stringMatching(`^${start}`))
    },
  }
}
