import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SseFault, SseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'

const limits = { maxEventBytes: 1000 }

function read(chunks: Buffer[]): SseEvent[] {
  const parser = new SseParser(limits)
  return chunks.flatMap((chunk) => parser.push(chunk))
}

const whole = (text: string) => read([Buffer.from(text)])

test.for<[string, string, Partial<SseEvent>[]]>([
  ['one event', 'data: a\n\n', [{ data: 'a', event: 'message' }]],
  ['a line without a space after the colon', 'data:a\n\n', [{ data: 'a' }]],
  ['only one space is taken away', 'data:  a\n\n', [{ data: ' a' }]],
  ['several lines of data', 'data: a\ndata:\ndata: b\n\n', [{ data: 'a\n\nb' }]],
  ['CRLF', 'data: a\r\ndata: b\r\n\r\n', [{ data: 'a\nb' }]],
  ['CR alone', 'data: a\r\rdata: b\r\r', [{ data: 'a' }, { data: 'b' }]],
  ['comments and unknown fields', ': hi\nfoo: bar\ndata: a\n\n: keep-alive\n\n', [{ data: 'a' }]],
  [
    'names and ids',
    'event: e\nid: 7\ndata: a\n\ndata: b\n\n',
    [
      { event: 'e', id: '7', data: 'a' },
      { event: 'message', id: '7', data: 'b' },
    ],
  ],
  ['an id with a NUL is ignored', 'id: a\0b\ndata: x\n\n', [{ id: undefined, data: 'x' }]],
  ['an event of empty data, which primes a resumable stream', 'id: 1\ndata:\n\n', [{ id: '1', data: '' }]],
  ['a byte order mark', '\u{feff}data: a\n\n', [{ data: 'a' }]],
  ['a field without a colon', 'data\n\n', [{ data: '' }]],
  ['an event whose end never comes is none', 'data: a\n', []],
])('%s', ([, text, events]) => {
  expect(whole(text)).toMatchObject(events)
})

test('an id without data and a retry time are remembered', () => {
  const parser = new SseParser(limits)
  expect(parser.push(Buffer.from('id: 9\nretry: 250\n\nretry: soon\n\n'))).toEqual([])
  expect(parser).toMatchObject({ lastEventId: '9', retryMs: 250 })
})

test.for([
  ['data', `data: ${'x'.repeat(1001)}\n\n`],
  ['data in many lines', 'data: 123456789\n'.repeat(101)],
  ['a line that never ends', 'x'.repeat(3000)],
  ['a comment that never ends', `:${'x'.repeat(3000)}`],
])('%s beyond the limit is refused', ([, text = '']) => {
  expect(() => whole(text)).toThrow(expect.objectContaining({ name: 'SseFault', tooLarge: true }))
})

test('an event exactly as large as allowed is read', () => {
  expect(whole(`data: ${'x'.repeat(1000)}\n\n`)).toHaveLength(1)
})

test('text that is no UTF-8 is refused', () => {
  expect(() => read([Buffer.from('data: a'), Buffer.from([0xff, 0x0a])])).toThrow(SseFault)
})

const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
  fc.constantFrom(':', ': ping', 'id: 4', 'event: e', 'retry: 5', 'data', '', 'data: é😀', 'nonsense'),
)
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 })
  .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join('')))

test('however the bytes are cut, the events are the same', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 400 })), (bytes, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      expect(read(chunks)).toEqual(read([bytes]))
      expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(read([bytes]))
    }),
  )
})
