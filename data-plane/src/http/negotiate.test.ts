import { expect, test } from 'vitest'
import { acceptsGzip, acceptsJson } from './negotiate.ts'

test.for<[string | undefined, boolean]>([
  [undefined, true],
  ['application/json', true],
  ['application/json, text/event-stream', true],
  ['Application/JSON; charset=utf-8', true],
  ['text/event-stream, application/*;q=0.1', true],
  ['*/*', true],
  ['', false],
  ['text/event-stream', false],
  ['application/jsonlines', false],
  ['application/json;q=0, text/html', false],
  ['application/json;q=0, */*', false],
])('a client with Accept %j accepts JSON: %s', ([accept, expected]) => {
  expect(acceptsJson(accept === undefined ? {} : { accept })).toBe(expected)
})

test.for<[string | undefined, boolean]>([
  [undefined, false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['br, *;q=0.1', true],
  ['', false],
  ['br', false],
  ['gzip;q=0', false],
  ['gzip; q = 0.00, identity', false],
  ['*, gzip;q=0', false],
])('a client with Accept-Encoding %j accepts gzip: %s', ([encodings, expected]) => {
  expect(acceptsGzip(encodings === undefined ? {} : { 'accept-encoding': encodings })).toBe(expected)
})
