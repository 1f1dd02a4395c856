import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkBuffer } from './chunk-buffer.ts'

test('pieces of any size come out as they went in, time after time', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 5 }),
    fc.nat(9000).map((length) => new Uint8Array(length).fill(length)),
  )
  fc.assert(
    fc.property(fc.array(fc.array(piece)), (rounds) => {
      const pieces = new ChunkBuffer()
      for (const round of rounds) {
        for (const bytes of round) pieces.add(Buffer.from(bytes))
        expect(pieces.bytes).toBe(round.reduce((sum, { length }) => sum + length, 0))
        expect(pieces.take().equals(Buffer.concat(round))).toBe(true)
        expect(pieces.bytes).toBe(0)
      }
    }),
  )
})

test('what came whole is not copied', () => {
  const pieces = new ChunkBuffer()
  const whole = Buffer.from('whole')
  pieces.add(whole)
  expect(pieces.take()).toBe(whole)
})

test('a million bytes that come one by one cost their own size, not a buffer each', () => {
  const socketBuffer = Buffer.alloc(65_536)
  const before = process.memoryUsage()
  const pieces = new ChunkBuffer()
  for (let at = 0; at < 1_000_000; at++) pieces.add(socketBuffer.subarray(at % 65_536, (at % 65_536) + 1))
  const after = process.memoryUsage()
  expect(pieces.bytes).toBe(1_000_000)
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8_000_000)
})
