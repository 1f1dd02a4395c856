import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import type { ServerEntry } from '@bir/sdk/contract/snapshot'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../server-kit/define.ts'
import { ALICE, entryOf, modernRequest, testPlane } from '../testing/plane.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { within } from '../testing/waiting.ts'

const whole = { everyone: [{ level: 'destroy' as const }] }
const usable = (version = 1) => ({ [ALICE]: { desk: { version, state: SECRET_USABLE } } })
/** By path and version; plainly fake. */
const stored = new Map<string, SecretFields>([
  [`people/${ALICE}/desk 1`, { token: 'desk-token-of-the-first-address' }],
  [`people/${ALICE}/desk 2`, { token: 'desk-token-of-the-second-address' }],
])

/** A server inside the gateway that notes with which token it would have gone where. */
function aDesk(sent: { url: string; token: string }[]) {
  const desk = defineServer({
    id: 'desk',
    title: 'Desk',
    settings: z.object({ url: z.string() }),
    secret: {
      fields: { token: { title: 'Token' } },
      audience: ({ url }) => url,
      prove: async () => ({ verdict: 'ok', says: 'It is good.' }),
    },
  })
  const tool = desk.tool({
    name: 'get_desk',
    description: 'Asks the service.',
    level: 'read',
    input: z.strictObject({}),
    output: z.object({}),
    run(_args, { settings: { url }, secret: { token } }) {
      sent.push({ url, token })
      return {}
    },
  })
  return desk.with(tool)
}

/** A call whose secret is being read when the policy becomes another one, its answer, and what was sent. */
async function callThatMeets(change: (entryAt: (url: string) => ServerEntry) => PolicyParts, gone: readonly string[] = []) {
  const sent: { url: string; token: string }[] = []
  const server = aDesk(sent)
  const entryAt = (url: string): ServerEntry => ({ ...entryOf(server), settings: { url }, secret: { order: ['person'] } }) as ServerEntry
  const asked = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  const plane = await testPlane(
    { grants: { desk: whole }, secrets: usable() },
    [server],
    { desk: entryAt('https://first.example.com') as never },
    undefined,
    {
      secretReader: {
        async read(place, version) {
          asked.resolve()
          await told.promise
          const name = `${secretPath(place)} ${version}`
          return gone.includes(name) ? undefined : stored.get(name)
        },
        close: async () => undefined,
      },
    },
  )
  onTestFinished(() => plane[Symbol.asyncDispose]())
  const request = modernRequest(await plane.token(), 'tools/call', { name: 'get_desk', arguments: {} })
  const answer = fetch(`${plane.url}/mcp/desk`, request).then((response) => response.text())
  await within(asked.promise, 'the secret to be read')
  plane.use(change(entryAt))
  told.resolve()
  return { answer: await within(answer, 'the answer'), sent, plane }
}

test('a call goes on with the secret of now where that is for the same address', async () => {
  const { sent } = await callThatMeets(() => ({ secrets: usable(2) }), [`people/${ALICE}/desk 1`])
  expect(sent).toEqual([{ url: 'https://first.example.com', token: 'desk-token-of-the-second-address' }])
})

test.for<[string, Parameters<typeof callThatMeets>[0], readonly string[], string]>([
  [
    'its server is at another address, for which its person gave another secret',
    (entryAt) => ({ servers: { desk: entryAt('https://second.example.com') }, secrets: usable(2) }),
    [`people/${ALICE}/desk 1`],
    'was changed while the call was under way',
  ],
  ['its person gave another secret', () => ({ secrets: usable(2) }), [], 'was changed while the call was under way'],
  ['its secret is not good any more', () => ({ secrets: { [ALICE]: { desk: { version: 1, state: 2 } } } }), [], 'secret_missing'],
  ['its secret is gone', () => ({ secrets: {} }), [], 'secret_missing'],
  ['its person was disabled', () => ({ disabled: ['alice'] }), [], 'This account is disabled'],
  ['its grant was taken', () => ({ grants: {} }), [], 'Unknown tool'],
  ['its server was switched off', () => ({ revoked: { killed: ['desk'] } }), [], 'Unknown tool'],
])('nothing is sent for a call when, while its secret is read, %s', async ([, change, gone, words]) => {
  const { answer, sent, plane } = await callThatMeets(change, gone)
  expect(answer).toContain(words)
  expect(sent).toEqual([])
  expect(plane.records().at(-1)?.header).toMatchObject({ outcome: 'refused', tool: 'get_desk' })
})
