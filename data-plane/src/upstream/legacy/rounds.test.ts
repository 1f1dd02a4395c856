import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aCall, aClient, aRequest, sdkServer } from './testing.ts'
import { said, things } from './testing-things.ts'

test('a server may ask its client in as many rounds as it needs', async () => {
  await using server = await sdkServer(things)
  const first = await server.upstream.request(aCall('ask'))
  expect(first).toMatchObject({
    ownState: true,
    value: {
      resultType: 'input_required',
      inputRequests: { 'elicitation-1': { method: 'elicitation/create', params: { message: 'Who?' } } },
    },
  })
  const next = (requestState: unknown, inputResponses: Record<string, unknown>) =>
    server.upstream.request(aCall('ask', {}, {}, { requestState, inputResponses }))
  const second = await next(first.value['requestState'], { 'elicitation-1': { action: 'accept', content: { name: 'Ann' } } })
  expect(Object.values(second.value['inputRequests'] as object)).toMatchObject([{ method: 'sampling/createMessage' }])
  const answer = { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }
  const third = await next(second.value['requestState'], { 'sampling-2': answer })
  const last = await next(third.value['requestState'], { 'roots-3': { roots: [] } })
  expect(last.value).toEqual({ resultType: 'complete', ...said(JSON.stringify([{ name: 'Ann' }, 'm', 0])) })
  expect(server.sent('tools/call')).toHaveLength(1)
})

test('a request without an answer is asked again', async () => {
  await using server = await sdkServer(things)
  const first = await server.upstream.request(aCall('ask-both'))
  const round = async (value: Readonly<Record<string, unknown>>, inputResponses: Record<string, unknown>) =>
    (await server.upstream.request(aCall('ask-both', {}, {}, { requestState: value['requestState'], inputResponses }))).value
  const again = await round(first.value, { other: {}, 'roots-2': 'no object' })
  expect(again['inputRequests']).toEqual(first.value['inputRequests'])
  let value = again
  while (value['resultType'] === 'input_required') {
    const [key = ''] = Object.keys(value['inputRequests'] as object)
    value = await round(value, { [key]: { roots: [] } })
  }
  expect(value).toMatchObject(said('0 and 0'))
})

test.for([
  ['another person', { person: 'bob' }, 'ask', 'same'],
  ['another tool', {}, 'echo', 'same'],
  ['a state that was never given', {}, 'ask', 'made up'],
] as const)('%s cannot continue a round', async ([, who, tool, which]) => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('ask'))
  const requestState = which === 'same' ? value['requestState'] : 'AAAA'
  const stolen = server.upstream.request(aCall(tool, {}, who, { requestState, inputResponses: {} }))
  await expect(stolen).rejects.toMatchObject({ code: -32602 })
})

test('a round can be continued once', async () => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('ask'))
  const retry = aCall('ask', {}, {}, { requestState: value['requestState'], inputResponses: { 'elicitation-1': { action: 'decline' } } })
  await server.upstream.request(retry)
  await expect(server.upstream.request(retry)).rejects.toMatchObject({ code: -32602 })
})

test('a client that declared nothing is never asked', async () => {
  await using server = await sdkServer(things)
  const client = aClient({ capabilities: {} })
  const { value } = await server.upstream.request(aCall('ask', {}, { client }))
  expect(value).toMatchObject({ isError: true })
})

test('the error of a request whose client cannot be asked names the missing capability', async () => {
  await using server = await sdkServer(things)
  const read = server.upstream.request(aRequest('resources/read', { uri: 'things://asks' }, { client: aClient({ capabilities: {} }) }))
  await expect(read).rejects.toMatchObject({ code: -32021, data: { requiredCapabilities: { roots: {} } } })
})

test('a server that waits in vain gets an error and a cancellation', async () => {
  await using server = await sdkServer(things, { limits: { parkMs: 50 } })
  const { value } = await server.upstream.request(aCall('ask'))
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
  await expect.poll(() => server.seen.some(({ body }) => body.error !== undefined && body.method === undefined)).toBe(true)
  const late = server.upstream.request(aCall('ask', {}, {}, { requestState: value['requestState'], inputResponses: {} }))
  await expect(late).rejects.toMatchObject({ code: -32602 })
})

test('a client can cancel while it is asked', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  await server.upstream.request(aCall('ask', {}, { cancel }))
  cancel.abort(new Error('enough'))
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
})

test('a person with too many open rounds loses the oldest', async () => {
  await using server = await sdkServer(things, { limits: { maxParkedPerPerson: 1 } })
  const first = await server.upstream.request(aCall('ask'))
  await server.upstream.request(aCall('ask'))
  const lost = server.upstream.request(aCall('ask', {}, {}, { requestState: first.value['requestState'], inputResponses: {} }))
  await expect(lost).rejects.toMatchObject({ code: -32602 })
})

test('a page to be visited first becomes a round, and the retry calls again', async () => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('visit'))
  expect(value).toEqual({
    resultType: 'input_required',
    inputRequests: {
      'visit-1': {
        method: 'elicitation/create',
        params: { mode: 'url', elicitationId: 'e1', url: 'https://example.com/connect', message: 'Connect first.' },
      },
    },
  })
  const again = await server.upstream.request(aCall('visit', {}, {}, { inputResponses: { 'visit-1': { action: 'accept' } } }))
  expect(again.value).toEqual(value)
  expect(server.sent('tools/call')[1]?.body.params).toEqual({ name: 'visit', arguments: {} })
  const declined = server.upstream.request(aCall('visit', {}, {}, { inputResponses: { 'visit-1': { action: 'decline' } } }))
  await expect(declined).rejects.toMatchObject({ code: -32602 })
  const stray = await server.upstream.request(aCall('echo', { text: 'x' }, {}, { inputResponses: { other: { action: 'decline' } } }))
  expect(stray.value).toMatchObject(said('x'))
  const blind = server.upstream.request(aCall('visit', {}, { client: aClient({ capabilities: { elicitation: {} } }) }))
  await expect(blind).rejects.toMatchObject({ code: -32042 })
})
