import { expect, test } from 'vitest'
import { Supervised } from './supervised.ts'
import type { Observer, Running } from './supervised.ts'

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

test('a part that ends five times within a minute is given up, with its last output', async () => {
  const observer = anObserver()
  const start = async (): Promise<Running> => ({ stop: async () => {}, ended: Promise.resolve('no disk') })
  const part = new Supervised('part', start, observer)
  await part.start()
  await observer.heard('gave up')
  expect(observer.lines.filter((line) => line.startsWith('died'))).toHaveLength(4)
  expect(observer.lines.at(-1)).toBe('gave up: no disk')
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
