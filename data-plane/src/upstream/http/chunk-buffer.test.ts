import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkBuffer } from './chunk-buffer.ts'

test('chunks of any size come out as they went in, time after time', () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 5 }),
    fc.nat(9000).map((length) => new Uint8Array(length).fill(length)),
  )
  fc.assert(
    fc.property(fc.array(fc.array(chunk)), (rounds) => {
      const buffer = new ChunkBuffer()
      for (const chunks of rounds) {
        for (const bytes of chunks) buffer.add(Buffer.from(bytes))
        expect(buffer.bytes).toBe(chunks.reduce((sum, { length }) => sum + length, 0))
        expect(buffer.take().equals(Buffer.concat(chunks))).toBe(true)
        expect(buffer.bytes).toBe(0)
      }
    }),
  )
})

test('a single chunk is not copied', () => {
  const buffer = new ChunkBuffer()
  const whole = Buffer.from('whole')
  buffer.add(whole)
  expect(buffer.take()).toBe(whole)
})

test('a million bytes that come one by one cost their own size, not one buffer each', () => {
  const socketBuffer = Buffer.alloc(65_536)
  const before = process.memoryUsage()
  const buffer = new ChunkBuffer()
  for (let at = 0; at < 1_000_000; at++) buffer.add(socketBuffer.subarray(at % 65_536, (at % 65_536) + 1))
  const after = process.memoryUsage()
  expect(buffer.bytes).toBe(1_000_000)
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8_000_000)
})
