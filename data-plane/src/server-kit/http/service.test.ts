import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { within } from '../../testing/waiting.ts'
import { path } from './path.ts'
import { HttpService } from './service.ts'
import type { HttpRequest, SentRequest } from './service.ts'
import type { BodyLimit } from './read-body.ts'
import { HttpSettings } from './settings.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** A service that answers as the test says, and the way to it. */
async function aService(handler: Handler, settings: Partial<HttpSettings> = {}, prefix = '') {
  const seen: { url: string; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization })
    handler(request, response, seen.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const service = new HttpService({ title: 'Thing', apiPath: '/api' }, HttpSettings.parse({ url: origin + prefix, ...settings }))
  const sent: SentRequest[] = []
  return {
    origin,
    seen,
    sent,
    service,
    ask(request: Partial<HttpRequest> = {}, signal = new AbortController().signal, person = 'bob') {
      const sender = {
        person,
        signal,
        readSecret: () => Promise.reject(new Error('none')),
        onSent: (one: SentRequest) => void sent.push(one),
      }
      return service.exchange(
        { method: 'GET', path: path`/items/${7}`, headers: { authorization: 'Bearer s3cret' }, hidden: ['s3cret'], ...request },
        sender,
      )
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await service.close()
    },
  }
}

const json = (response: ServerResponse, status: number, headers: Record<string, string> = {}) =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"a":1}')

test('a request goes below the address with its prefix, and is listed without values', async () => {
  await using thing = await aService((_, response) => json(response, 200), {}, '/tools/thing/')
  const { status, bytes } = await thing.ask({ query: { q: 'secret words' } })
  expect([status, bytes.toString()]).toEqual([200, '{"a":1}'])
  expect(thing.seen).toEqual([{ url: '/tools/thing/api/items/7?q=secret+words', authorization: 'Bearer s3cret' }])
  expect(thing.sent).toEqual([{ method: 'GET', path: '/items/{}', status: 200, durationMs: expect.any(Number) }])
})

test.for([429, 503])('a read is asked again after %s with a short Retry-After, and no more than three times', async (status) => {
  await using once = await aService((_, response, count) => json(response, count === 1 ? status : 200, { 'retry-after': '0' }))
  expect((await once.ask()).status).toBe(200)
  await using always = await aService((_, response) => json(response, status, { 'retry-after': '0' }))
  expect((await always.ask()).status).toBe(status)
  expect(always.seen).toHaveLength(3)
})

test('who wants to be asked much later gets no second request; a change is never sent twice', async () => {
  await using later = await aService((_, response) => json(response, 429, { 'retry-after': '600' }))
  expect((await later.ask()).headers['retry-after']).toBe('600')
  expect(later.seen).toHaveLength(1)
  await using change = await aService((_, response) => json(response, 503, { 'retry-after': '0' }))
  expect((await change.ask({ method: 'POST', json: {} })).status).toBe(503)
  expect(change.seen).toHaveLength(1)
})

test('a read whose connection ends before an answer is sent once more; a change is not', async () => {
  await using once = await aService((_, response, count) => (count === 1 ? response.destroy() : json(response, 200)))
  expect((await once.ask()).status).toBe(200)
  await using always = await aService((_, response) => void response.destroy())
  await expect(always.ask()).rejects.toMatchObject({ name: 'NoAnswer', kind: 'reset' })
  expect(always.seen).toHaveLength(2)
  await using change = await aService((_, response) => void response.destroy())
  await expect(change.ask({ method: 'POST', json: {} })).rejects.toMatchObject({ kind: 'reset' })
  expect(change.seen).toHaveLength(1)
})

test('redirects are followed within the API alone; to another origin or a neighbour nothing is sent', async () => {
  const elsewhere = await aService((_, response) => json(response, 200))
  await using other = elsewhere
  const targets: Record<string, string> = {
    '/git/api/items/7': '/git/api/moved',
    '/git/api/items/1': `${other.origin}/git/x`,
    '/git/api/items/2': '/wiki/x',
    '/git/api/items/3': '/git-mirror/x',
    // Below the address, and not of its API: a page that somebody put there.
    '/git/api/items/4': '/git/-/pages/x',
  }
  await using thing = await aService(
    ({ url = '' }, response) => (targets[url] === undefined ? json(response, 200) : json(response, 302, { location: targets[url] })),
    {},
    '/git',
  )
  expect((await thing.ask()).status).toBe(200)
  expect(await thing.ask({ path: path`/items/${1}` })).toMatchObject({ status: 302, strayedTo: other.origin })
  expect(await thing.ask({ path: path`/items/${2}` })).toMatchObject({ status: 302, strayedTo: thing.origin })
  expect(await thing.ask({ method: 'POST', json: {} })).toMatchObject({ status: 302, strayedTo: thing.origin })
  expect(other.seen).toEqual([])
  expect(await thing.ask({ path: path`/items/${3}` })).toMatchObject({ status: 302, strayedTo: thing.origin })
  expect(await thing.ask({ path: path`/items/${4}` })).toMatchObject({ status: 302, strayedTo: thing.origin })
  expect(thing.seen.map(({ url }) => url)).not.toContain('/git/-/pages/x')
  expect(thing.seen.map(({ url }) => url)).not.toContain('/wiki/x')
  expect(thing.seen.map(({ url }) => url)).not.toContain('/git-mirror/x')
})

test('redirects in a circle end after three', async () => {
  await using thing = await aService((_, response) => json(response, 302, { location: '/api/again' }))
  expect(await thing.ask()).toMatchObject({ strayedTo: thing.origin })
  expect(thing.seen).toHaveLength(4)
})

test('an answer larger than 5 MB is given up while it streams in', async () => {
  let isEnded = false
  await using thing = await aService((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.on('close', () => (isEnded = true))
    const piece = Buffer.alloc(64 * 1024, 'x')
    const more = () => {
      while (!response.destroyed && response.write(piece));
    }
    response.on('drain', more)
    more()
  })
  await expect(thing.ask()).rejects.toMatchObject({ code: 'too_large' })
  await expect.poll(() => isEnded).toBe(true)
})

test('the beginning or the end of a long answer can be kept', async () => {
  const body = Array.from({ length: 200_000 }, (_, at) => `line ${at}\n`).join('')
  await using thing = await aService((_, response) => void response.end(body))
  const head = await thing.ask({ limit: { keep: 'head', maxBytes: 1_000 } })
  expect([head.cut, head.bytes.toString()]).toEqual([true, body.slice(0, 1_000)])
  const tail = await thing.ask({ limit: { keep: 'tail', maxBytes: 1_000 } })
  expect([tail.cut, tail.totalBytes, tail.bytes.toString()]).toEqual([true, body.length, body.slice(-1_000)])
})

test('a service that is silent ends with a time-out; a call that is given up ends with the reason of its signal', async () => {
  await using thing = await aService(() => undefined)
  await expect(within(thing.ask({ timeoutMs: 50 }), 'the time-out')).rejects.toMatchObject({ name: 'NoAnswer', kind: 'timeout' })
  const call = new AbortController()
  const asked = thing.ask({}, call.signal)
  await expect.poll(() => thing.seen.length).toBe(2)
  call.abort(new Error('the client is gone'))
  await expect(within(asked, 'the end')).rejects.toThrow('the client is gone')
})

test('one person has so many requests at once; those of others do not wait for them', async () => {
  const held: (() => void)[] = []
  await using thing = await aService((_, response) => void held.push(() => json(response, 200)), { atOncePerPerson: 2 })
  const bobs = [thing.ask(), thing.ask(), thing.ask()]
  await expect.poll(() => held.length).toBe(2)
  const alices = thing.ask({}, new AbortController().signal, 'alice')
  await expect.poll(() => held.length).toBe(3)
  held.shift()?.()
  await expect.poll(() => held.length).toBe(3)
  for (const answer of held) answer()
  expect((await Promise.all([...bobs, alices])).map(({ status }) => status)).toEqual([200, 200, 200, 200])
})

test.for([
  ['http://127.0.0.1:1', 'connect'],
  ['http://no-such-host.invalid', 'dns'],
  ['http://169.254.169.254', 'address'],
] as const)('who does not answer at %s is told apart: %s', async ([url, kind]) => {
  const service = new HttpService({ title: 'Thing', apiPath: '/api' }, HttpSettings.parse({ url }))
  const sender = { person: 'bob', signal: new AbortController().signal, readSecret: () => Promise.reject(new Error('none')) }
  await expect(service.exchange({ method: 'GET', path: path`/x`, headers: {}, hidden: [] }, sender)).rejects.toMatchObject({
    name: 'NoAnswer',
    kind,
  })
})

test.for<[url: string, says: RegExp]>([
  ['gitlab.example.com', /must be an address such as/],
  ['', /must be an address such as/],
  ['127.0.0.1:8080', /must be an address such as/],
  ['ftp://gitlab.example.com', /must be an address such as/],
  ['https://bob@gitlab.example.com', /must have no user, password/],
  ['https://gitlab.example.com/?a', /must have no user, password/],
])('an address %s in the settings is a fault that says what is wanted', ([url, says]) => {
  const { error } = HttpSettings.safeParse({ url })
  expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringMatching(says)])
})

test.for<[name: string, body: string, type: string, limit: BodyLimit | undefined, read: string]>([
  ['in a text', 'you sent s3cret', 'text/plain', undefined, 'you sent •••'],
  ['in JSON', '{"you":"s3cret"}', 'application/json', undefined, '{"you":"•••"}'],
  ['in JSON that escapes it', String.raw`{"you":"\u00733cret"}`, 'application/json', undefined, '{"you":"•••"}'],
  ['as hex in large letters', '733363726574 733363726574'.toUpperCase(), 'text/plain', undefined, '••• •••'],
  ['at the end, where the rest is left out', `${'x'.repeat(4)}longsecretvalue`, 'text/plain', { maxBytes: 15, keep: 'head' }, 'xxxx•••'],
  ['at the beginning, where what was before is left out', 'longsecretvalue log', 'text/plain', { maxBytes: 15, keep: 'tail' }, '••• log'],
])('the secret of a request does not stand in what is read of the answer: %s', async ([, body, type, limit, read]) => {
  await using thing = await aService((_, response) => void response.writeHead(200, { 'content-type': type, 'x-you': 's3cret' }).end(body))
  const answer = await thing.ask({ hidden: ['s3cret', 'longsecretvalue'], limit })
  expect(answer.bytes.toString()).toBe(read)
  expect(answer.headers['x-you']).toBe('•••')
})
