import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ToolError } from '@bir/sdk/contract/errors'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import type { SecretEntry, ServerEntry, ServerSecret } from '@bir/sdk/contract/snapshot'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { RefusedSecret } from '../control/secrets/recheck.ts'
import { StoreUnavailable, unreadable } from '../secrets/reader.ts'
import { defineServer } from '../server-kit/define.ts'
import { ALICE, DAVE, entryOf, modernRequest, testPlane } from './plane.ts'

/** What the service of the desk takes, by person; plainly fake. */
export const tokens = { alice: 'desk-Zx9Qw7Er5Ty3Ui1Op2As', dave: 'desk-Kj8Hg6Fd4Sa2Mn0Bv1Cx' }
export const usable: SecretEntry = { version: 1, state: SECRET_USABLE }
export const whole = { everyone: [{ level: 'destroy' as const }] }

/** A service that knows the tokens in `good`, and repeats what it was sent. */
async function aService() {
  const service = { good: new Set(Object.values(tokens)), seen: [] as string[], url: '' }
  const http = createServer((request, response) => {
    const token = String(request.headers['x-token'])
    service.seen.push(token)
    response.statusCode = service.good.has(token) ? 200 : 401
    response.end(`you sent ${token}, in hex ${Buffer.from(token).toString('hex')}`)
  })
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  service.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return service
}

/** A server inside the gateway, for a service that wants a token of each person. */
function aDesk(url: string) {
  const desk = defineServer({
    id: 'desk',
    title: 'Desk',
    settings: z.object({}),
    secret: {
      fields: { token: { title: 'Token' } },
      audience: () => url,
      prove: async () => ({ verdict: 'ok', says: 'It is good.' }),
    },
  })
  const ask = async (token: string): Promise<string> => {
    const answer = await fetch(url, { headers: { 'x-token': token } })
    if (answer.status === 401) throw new ToolError('secret_invalid', `Desk does not accept the token ${token}.`)
    return answer.text()
  }
  const tool = (name: string, level: 'read' | 'write') =>
    desk.tool({
      name,
      description: 'Asks the service.',
      level,
      input: z.strictObject({ note: z.string().default('') }),
      output: z.object({ says: z.string(), parts: z.array(z.string()) }),
      async run(_args, { secret: { token } }) {
        return { says: await ask(token), parts: [] }
      },
      blocks: ({ says }) => [
        { type: 'text', text: says.slice(0, 20) },
        { type: 'text', text: says.slice(20) },
      ],
    })
  const page = desk.resource({
    uri: 'desk://page',
    name: 'page',
    description: 'A page.',
    mimeType: 'text/plain',
    read: ({ secret: { token } }) => ask(token),
  })
  return desk.with(tool('get_desk', 'read'), tool('update_desk', 'write'), page)
}

/** A plane with that server, and a store with the tokens of alice and dave. It ends with its test. */
export async function aPlaneWithDesk(
  secrets: Record<string, Record<string, SecretEntry>> = { [ALICE]: { desk: usable }, [DAVE]: { desk: usable } },
  ofOthers: Omit<ServerSecret, 'order'> = {},
) {
  const service = await aService()
  const server = aDesk(service.url)
  const values = new Map<string, SecretFields>([
    [`people/${ALICE}/desk`, { token: tokens.alice }],
    [`people/${DAVE}/desk`, { token: tokens.dave }],
  ])
  const store = { values, isAway: false, isUnreadable: false, isWritten: false, reads: 0 }
  const rechecked: RefusedSecret[] = []
  const missed: { server: string; version: number }[] = []
  const entry: ServerEntry = { ...entryOf(server), secret: { order: ['person', 'group', 'shared'], ...ofOthers } }
  const plane = await testPlane(
    { grants: { desk: whole }, daves: { desk: whole }, secrets },
    [server],
    { desk: entry as never },
    undefined,
    {
      portalUrl: 'https://portal.example.com/',
      recheck: async (refused) => void rechecked.push(refused),
      isSecretGone: async ({ server }, version) => missed.push({ server, version }) > 0 && !store.isWritten,
      secretReader: {
        async read(place) {
          store.reads++
          if (store.isAway) throw new StoreUnavailable('the store of the test is away')
          if (store.isUnreadable) throw unreadable()
          return store.values.get(secretPath(place))
        },
        close: async () => undefined,
      },
    },
  )
  onTestFinished(() => plane[Symbol.asyncDispose]())
  const ask = async (method: string, params: Record<string, unknown>, sub = ALICE) =>
    (await fetch(`${plane.url}/mcp/desk`, modernRequest(await plane.token({ sub }), method, params))).text()
  const call = (name: string, sub = ALICE, args = {}) => ask('tools/call', { name, arguments: args }, sub)
  return { plane, service, store, rechecked, missed, ask, call }
}
