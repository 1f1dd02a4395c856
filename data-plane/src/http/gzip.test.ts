import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { modernRequest, testPlane } from '../testing/plane.ts'
import { gzipped } from './gzip.ts'

const result = (text: string) => Buffer.from(JSON.stringify({ tools: Array.from({ length: 500 }, (_, at) => ({ name: `${text}_${at}` })) }))

/** Requests the response until its result is compressed. */
async function compressedResponse(id: string | number, bytes: Buffer): Promise<Buffer> {
  await expect.poll(() => gzipped(id, bytes)).toBeDefined()
  return gzipped(id, bytes)!
}

const ids: [string, string | number][] = [
  ['a number', 1],
  ['a text', 'ünïcode "quoted"\n'],
  ['as long as an id may be', 'x'.repeat(1024)],
  ['as long, and longer still in its JSON form', '\u0001'.repeat(1024)],
]

test.for(ids)('the gzip bytes hold the whole response, with an id that is %s', async ([, id]) => {
  const bytes = result('größe')
  const short = await compressedResponse(id, bytes)
  expect(short.length).toBeLessThan(bytes.length)
  expect(JSON.parse(gunzipSync(short).toString())).toEqual({ jsonrpc: '2.0', id, result: JSON.parse(bytes.toString()) })
})

test('a result that is requested once is not compressed', async () => {
  const bytes = result('once')
  expect(gzipped(1, bytes)).toBeUndefined()
  await compressedResponse(1, result('other')) // it began later and is already compressed
  expect(gzipped(2, bytes)).toBeUndefined()
})

test('each request gets its own id in the response, from one compressed result', async () => {
  const bytes = result('many')
  await compressedResponse(1, bytes)
  for (const id of [7, 'seven']) expect(JSON.parse(gunzipSync(gzipped(id, bytes) ?? '').toString())).toMatchObject({ id })
})

test('a long list that many clients request is sent as gzip to clients that accept it, with the same content for all', async () => {
  const level = 'read'
  await using plane = await testPlane({
    grants: Object.fromEntries(['charts', 'debug', 'meta', 'sql'].map((id) => [id, { everyone: [{ level }] }])),
  })
  const token = await plane.token()
  const ask = async (encodings: string) => {
    const { headers, body } = modernRequest(token, 'tools/list')
    const answer = await request(`${plane.url}/mcp`, {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), 'accept-encoding': encodings },
      body,
    })
    return { encoding: answer.headers['content-encoding'], bytes: Buffer.from(await answer.body.arrayBuffer()) }
  }
  const short = () => ask('deflate, gzip;q=0.5')
  await expect.poll(async () => (await short()).encoding).toBe('gzip')
  const plain = await ask('gzip;q=0, identity')
  expect(plain.encoding).toBeUndefined()
  const { bytes } = await short()
  expect(bytes.length).toBeLessThan(plain.bytes.length / 2)
  expect(JSON.parse(gunzipSync(bytes).toString())).toEqual(JSON.parse(plain.bytes.toString()))
  // fetch, which clients are built on, accepts gzip by default.
  const fetched = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list'))
  expect(fetched.headers.get('content-encoding')).toBe('gzip')
  expect(await fetched.json()).toEqual(JSON.parse(plain.bytes.toString()))
})
