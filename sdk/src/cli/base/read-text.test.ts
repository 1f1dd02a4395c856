import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readText } from './read-text.ts'

test('a text is read whole, also where a character comes in two pieces', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
  expect(await readText(Readable.from([first, second, Buffer.from('!')]), 3)).toBe('é!')
})

test('more than may be is refused while the stream still goes on', async () => {
  const endless = new PassThrough()
  endless.write('x'.repeat(11))
  await expect(readText(endless, 10)).rejects.toThrow('Nothing was sent: stdin has more than 10 bytes')
  expect(endless.destroyed).toBe(true)
})
