import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Ctx } from '../../base/context.ts'
import { errorText } from '../../base/log.ts'
import { graphqlHandler } from '../../faces/graphql/handler.ts'
import { operations } from '../../faces/operations.ts'
import { trpcHandler } from '../../faces/trpc/trpc.ts'
import { aSecretWorld, aToken } from '../testing.ts'

/** Both faces over HTTP. `reported` is what they log. */
async function faces(ctx: Ctx) {
  const reported: string[] = []
  const parts = { ctxOf: async () => ctx, report: (error: unknown) => void reported.push(errorText(error)) }
  const trpc = trpcHandler(operations, parts)
  const graphql = graphqlHandler(operations, parts)
  const route: RequestListener = (request, response) => (request.url?.startsWith('/trpc') ? trpc : graphql)(request, response)
  const server = createServer(route)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const send = async (path: string, body: string, type = 'application/json') => {
    const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body })
    return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
  }
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  return { reported, send, [Symbol.asyncDispose]: stop }
}

const document = 'mutation Put($input: PutSecretInput!) { putSecret(input: $input) { saved verdict says } }'

/** Inputs that are wrong in some way, each with the value in it. */
function wrongInputs(canary: string): unknown[] {
  const server = 'vcs'
  return [
    { server, fields: { token: `${canary}\u0000` } },
    { server, fields: { token: ` ${canary}` } },
    { server, fields: { token: `${canary}\n${canary}` } },
    { server, fields: { token: `Bearer ${canary}` } },
    { server, fields: { token: canary.repeat(3000) } },
    { server, fields: { token: canary, other: canary } },
    { server, fields: { [canary]: 'x' } },
    { server, fields: { [canary]: 7 } },
    { server, fields: { [canary]: [canary] } },
    { server, fields: { [canary]: '\u0000' } },
    { server, fields: { token: { [canary]: '\u0000' } } },
    { server, fields: { [canary]: { [canary]: '\uD800' } } },
    { server, [canary]: '\u0000', fields: {} },
    { server, fields: { token: [canary] } },
    { server, fields: { token: { value: canary } } },
    { server, fields: canary },
    { server, fields: [canary] },
    { server, token: canary, fields: {} },
    { server, [canary]: 'x', fields: {} },
    { server: canary, fields: { token: canary } },
    { server: 'nothing', fields: { token: canary } },
    { server: 'plain', fields: { token: canary } },
    { server: { value: canary }, fields: { token: canary } },
    { server, user: [canary], fields: { token: canary } },
    { server, user: 'bob', fields: { token: canary } },
    { server, group: 'staff', shared: canary, fields: { token: canary } },
    { server, unchecked: canary, fields: { token: canary } },
    { server, unchecked: true, fields: { token: canary } },
    { server, fields: { token: canary } },
    { server, fields: { token: `throws-${canary}` } },
    { server, fields: { token: `other-${canary}` } },
    canary,
    [canary],
    null,
  ]
}

test('whatever is wrong with a secret that is put, its value stands in no answer, log, record or history', async () => {
  await using it = await aSecretWorld()
  await using served = await faces(it.alice)
  const canary = aToken()
  const answers: string[] = []
  const bothFaces = async (input: unknown) => {
    answers.push(await served.send('/trpc/secrets.put', JSON.stringify(input)))
    answers.push(await served.send('/graphql', JSON.stringify({ query: document, variables: { input } })))
  }
  it.service.state.mood = 'echoing'
  for (const input of wrongInputs(canary)) {
    await bothFaces(input)
    await it.db.deleteFrom('attempt_counts').execute()
  }
  const inText = `mutation { putSecret(input: { server: "vcs", fields: { token: "${canary}" } }) { saved says } }`
  const bodies = [
    JSON.stringify({ query: inText }),
    JSON.stringify({ query: inText.replace('saved says', canary.replace('-', '_')) }),
    JSON.stringify({ query: inText.replace('server: "vcs"', `server: ${canary}`) }),
    JSON.stringify({ query: inText.replace('server: "vcs"', `server: 12 unchecked: "${canary}"`) }),
    JSON.stringify({ query: inText.replace('server: "vcs"', `user: ["${canary}", 1]`) }),
    JSON.stringify({ query: inText.replace('token: "', 'token: """') }),
    JSON.stringify({ query: inText.replace('"}', '}') }),
    JSON.stringify({ query: document, variables: canary }),
    JSON.stringify({ query: document, variables: { [canary]: canary } }),
    JSON.stringify({ query: document, operationName: canary, variables: { input: { server: 'vcs', fields: { token: canary } } } }),
    `{"query":"mutation { putSecret }","variables":{"token":${canary}}}`,
    canary,
    `{"server":"vcs","fields":{"token":"${canary}`,
    `{"server":"vcs","fields":{"token":${canary}}}`,
  ]
  for (const body of bodies) {
    answers.push(await served.send('/graphql', body), await served.send('/trpc/secrets.put', body))
    answers.push(await served.send('/graphql', body, 'application/graphql'))
    const form = new URLSearchParams({ query: document, variables: body }).toString()
    answers.push(await served.send('/graphql', form, 'application/x-www-form-urlencoded'))
  }

  const [, needle = ''] = canary.split('-')
  const history = await it.db.selectFrom('secret_history').selectAll().execute()
  const rows = await it.db.selectFrom('secrets').selectAll().execute()
  const places = { answers, reported: served.reported, recorded: it.recorded, history, rows }
  expect(history.length).toBeGreaterThan(0)
  for (const [place, held] of Object.entries(places)) {
    for (const one of held) expect(JSON.stringify(one), place).not.toContain(needle)
  }
})

test('a request that is no secret is still told what is wrong in full', async () => {
  await using it = await aSecretWorld()
  await using served = await faces(it.alice)
  expect(await served.send('/graphql', JSON.stringify({ query: '{ secrets(first: "x") { edges { cursor } } }' }))).toContain('\\"x\\"')
  const long = { server: 'vcs', fields: { token: 'x'.repeat(70_000) } }
  expect(await served.send('/trpc/secrets.put', JSON.stringify(long))).toContain('fields: a text has 65536 characters at most.')
  expect(await served.send('/trpc/secrets.put', JSON.stringify({ server: 'vcs', fields: { token: 7 } }))).toContain('fields: must be text')
  const wrong = { query: document, variables: { input: { server: 7, fields: {} } } }
  expect(await served.send('/graphql', JSON.stringify(wrong))).toContain('does not fit the schema, at input.server.')
})

test('what is no JSON is not quoted, however short', async () => {
  await using it = await aSecretWorld()
  await using served = await faces(it.alice)
  const broken = '{"t":zq7kw}'
  for (const path of ['/trpc/secrets.put', '/graphql']) {
    const answer = await served.send(path, broken)
    expect(answer).toContain('not JSON')
    expect(answer).not.toContain('zq7')
  }
})
