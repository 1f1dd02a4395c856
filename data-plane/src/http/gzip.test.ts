import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { modernRequest, testPlane } from '../testing/plane.ts'
import { gzipped } from './gzip.ts'

const result = (text: string) => Buffer.from(JSON.stringify({ tools: Array.from({ length: 500 }, (_, at) => ({ name: `${text}_${at}` })) }))

/** Asks until it is made. */
async function made(id: string | number, bytes: Buffer): Promise<Buffer> {
  await expect.poll(() => gzipped(id, bytes)).toBeDefined()
  return gzipped(id, bytes)!
}

const ids: [string, string | number][] = [
  ['a number', 1],
  ['a text', 'ünïcode "quoted"\n'],
  ['as long as one may be', 'x'.repeat(1024)],
  ['longer still as it is written', '\u0001'.repeat(1024)],
]

test.for(ids)('the whole response comes out of it, with an id that is %s', async ([, id]) => {
  const bytes = result('größe')
  const short = await made(id, bytes)
  expect(short.length).toBeLessThan(bytes.length)
  expect(JSON.parse(gunzipSync(short).toString())).toEqual({ jsonrpc: '2.0', id, result: JSON.parse(bytes.toString()) })
})

test('what is asked for once is not compressed', async () => {
  const bytes = result('once')
  expect(gzipped(1, bytes)).toBeUndefined()
  await made(1, result('other')) // begun later, and done
  expect(gzipped(2, bytes)).toBeUndefined()
})

test('each id gets its own answer out of one compressed result', async () => {
  const bytes = result('many')
  await made(1, bytes)
  for (const id of [7, 'seven']) expect(JSON.parse(gunzipSync(gzipped(id, bytes) ?? '').toString())).toMatchObject({ id })
})

test('a long list that many ask for goes out compressed to whoever takes gzip, and says the same to everybody', async () => {
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
  // What clients are built on takes it by itself.
  const fetched = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list'))
  expect(fetched.headers.get('content-encoding')).toBe('gzip')
  expect(await fetched.json()).toEqual(JSON.parse(plain.bytes.toString()))
})
