import { randomBytes } from 'node:crypto'
import { createClient } from '@bir/sdk'
import { GitLabStandIn } from '@bir/data-plane/testing/gitlab-stand-in'
import { modernRequest } from '@bir/data-plane/testing'
import { until } from '@bir/data-plane/testing/waiting'
import { bootGateway } from '../../testing/boot-gateway.ts'
import type { Gateway } from '../../testing/boot-gateway.ts'
import { echoingServer } from '../echoing-server.ts'
import { aCanary, searchFor } from './needles.ts'
import type { Canary } from './needles.ts'
import { filesOf, processPlaces, rowsOf } from './places.ts'

export interface LeakFigures {
  calls: number
  /** Calls whose answer was an error, as those that ask for one should be. */
  failed: number
  /** Requests that came to GitLab's stand-in and to the remote server, by the person whose call they were. */
  upstream: { bob: number; alice: number }
  /** Requests that carried the token of somebody else, or none. Must be empty. */
  crossed: string[]
  searchedBytes: number
  /** What stood where, by name and spelling. Must be empty. */
  leaks: string[]
}

interface Options {
  calls: number
  /** What the start is given for its store. */
  env?: Record<string, string>
  /** Calls under way at one time. */
  atOnce?: number
}

const people = ['bob', 'alice'] as const
type Who = (typeof people)[number]

/** Projects that are no projects: a request for one fails in this way. */
const faults = [
  { as: 'echo' },
  { as: 'login_page' },
  { as: 'reset' },
  { as: 'silent' },
  { as: 'status', status: 500 },
  { as: 'status', status: 401 },
] as const
const projectOf = (fault: (typeof faults)[number]) => `shop/fault-${fault.as}${'status' in fault ? `-${fault.status}` : ''}`

/**
 * Boots the whole product; two people give canaries as their tokens for GitLab and for a remote server that repeats
 * them in every spelling, and call both at once: good calls, failures, time-outs, echoes. Then everything that was
 * said, written or started is searched for the canaries, and every request upstream is held to its caller.
 */
export async function leakRun({ calls, env = {}, atOnce = 8 }: Options): Promise<LeakFigures> {
  await using gitlab = await GitLabStandIn.start()
  await using desk = await echoingServer('modern', { onlyOwn: true })
  for (const fault of faults) gitlab.breakWith(fault, { path: encodeURIComponent(projectOf(fault)) })
  await using gateway = await bootGateway({ env })
  const canaries = canariesFor(gitlab)
  const { found, searchedBytes } = searchFor(canaries.all)
  const leaks = new Set<string>()
  const look = (where: string, content: Buffer | string) => {
    for (const what of found(content)) leaks.add(`${what}: in ${where}`)
  }

  for (const answer of await give(gateway, { gitlab: gitlab.url, desk: desk.url }, canaries)) look('an answer of the API', answer)
  const tokens = { bob: await gateway.token('bob'), alice: await gateway.token('alice') }
  for (const who of people) await until(() => listsDesk(gateway.endpoints.mcp, tokens[who]), `the tools of desk to be there for ${who}`)
  let failed = 0
  let next = 0
  const worker = async () => {
    while (next < calls) {
      const answer = await callOf(gateway.endpoints.mcp, tokens, next++)
      if (/"isError":true|"error":/.test(answer)) failed++
      look('an answer to a call', answer)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))

  for (const answer of await asked(gateway)) look('an answer of the API', answer)
  await everythingRecorded(gateway, tokens.bob)
  for (const place of filesOf(gateway.home)) look(`the file ${place.name}`, place.content)
  for await (const place of rowsOf(gateway.home)) look(place.name, place.content)
  for await (const place of processPlaces(gateway.home)) look(place.name, place.content)
  look('the output', gateway.output())

  const seen = [
    ...gitlab.requests.map(({ path, token, body }) => ({ text: `${path} ${JSON.stringify(body)}`, token })),
    ...desk.requests.map(({ authorization, body }) => ({ text: body, token: authorization?.replace('Bearer ', '') })),
  ]
  return { calls, failed, ...whoseTokens(seen, canaries), searchedBytes: searchedBytes(), leaks: [...leaks] }
}

type Canaries = ReturnType<typeof canariesFor>

function canariesFor({ world }: GitLabStandIn) {
  const value = () => `glpat-${randomBytes(15).toString('hex')}`
  const gitlab = Object.fromEntries(
    people.map((who) => {
      const user = world.addUser(who)
      world.addProject(`${who}/web`, { [who]: 'developer' })
      return [who, { name: `the GitLab token of ${who}`, value: world.addToken(user, { value: value() }).value }]
    }),
  ) as Record<Who, Canary>
  // Characters that each encoding writes differently.
  const desk = {
    bob: aCanary('the desk token of bob', { before: 'desk-"', after: '+/~x' }),
    alice: aCanary('the desk token of alice', { before: 'desk-"', after: '+/~x' }),
  }
  const refused = { bad: aCanary('a bad token', { before: 'glpat-' }), misplaced: aCanary('a token at a wrong place') }
  return { gitlab, desk, refused, all: [...Object.values(gitlab), ...Object.values(desk), ...Object.values(refused)] }
}

/** Switches both servers on and gives everybody's secrets, good and bad, in every way of the API. What it answered. */
async function give(gateway: Gateway, urls: { gitlab: string; desk: string }, { gitlab, desk, refused }: Canaries): Promise<string[]> {
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  // The test asks more than people would.
  await api.settings.put({ ratePerSecond: 1000, rateBurst: 10_000 })
  // Long enough for a busy machine to prove a token, short enough for the calls that wait for nothing.
  await api.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url: urls.gitlab, timeoutMs: 1_500 } })
  const headers = { Authorization: { secret: 'token', of: 'person' as const } }
  await api.servers.put({ id: 'desk', kind: 'remote', url: urls.desk, headers, trust: 'hold' })
  for (const user of people) for (const server of ['gitlab', 'desk']) await api.grants.create({ user, server, level: 'destroy' })

  const answers: string[] = []
  const said = (answer: unknown) =>
    answers.push(answer instanceof Error ? `${answer.message} ${JSON.stringify(answer)}` : JSON.stringify(answer))
  const put = (server: string, user: Who, fields: Record<string, string>) => api.secrets.put({ server, user, fields })
  const failure = (error: unknown) => error
  said(await put('gitlab', 'bob', { token: refused.bad.value }))
  said(await put('gitlab', 'bob', { token: `Bearer ${refused.bad.value}` }).catch(failure))
  said(await put('gitlab', 'bob', { token: `${refused.bad.value}\n` }).catch(failure))
  said(await put('gitlab', 'bob', { [refused.misplaced.value]: refused.bad.value }).catch(failure))
  const authorization = `Bearer ${await gateway.operatorToken()}`
  const mutation = 'mutation ($input: PutSecretInput!) { putSecret(input: $input) { saved verdict says } }'
  for (const variables of [{ input: { server: 'gitlab', fields: refused.bad.value } }, { input: refused.misplaced.value }])
    answers.push(
      await (
        await fetch(gateway.endpoints.graphql, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ query: mutation, variables }),
        })
      ).text(),
    )
  for (const user of people) {
    for (const [server, values] of [
      ['gitlab', gitlab],
      ['desk', desk],
    ] as const) {
      const result = await put(server, user, { token: values[user].value })
      if (!result.saved) throw new Error(`${server} refuses the token of ${user}: ${result.verdict}, ${result.says}`)
      said(result)
    }
  }
  return answers
}

/** Whether a person sees the tools of the remote server: its list is made with their own token. */
async function listsDesk(mcp: string, token: string): Promise<boolean> {
  const response = await fetch(`${mcp}/desk`, modernRequest(token, 'tools/list'))
  return (await response.text()).includes('"name":"say"')
}

/** Call number `index`: by bob or alice in turn; its arguments name the caller, so that the request upstream does. */
async function callOf(mcp: string, tokens: Record<Who, string>, index: number): Promise<string> {
  const who = people[index % 2] ?? 'bob'
  const round = Math.floor(index / 2)
  const mark = `by-${who}`
  const fault = round % 5 === 4 ? faults[Math.floor(round / 5) % faults.length] : undefined
  const calls = [
    { server: 'gitlab', name: 'list_projects', arguments: { query: mark } },
    { server: 'desk', name: 'say', arguments: { mark } },
    { server: 'gitlab', name: 'get_project', arguments: { project: `${mark}/none` } },
    { server: 'desk', name: ['fail', 'break'][round % 2], arguments: { mark } },
  ]
  const { server, ...params } = fault
    ? { server: 'gitlab', name: 'get_project', arguments: { project: `${projectOf(fault)}-${mark}` } }
    : calls[round % calls.length]!
  const response = await fetch(`${mcp}/${server}`, modernRequest(tokens[who], 'tools/call', params))
  return `${JSON.stringify([...response.headers])} ${await response.text()}`
}

/** What the API says of secrets, servers, people and calls. */
async function asked(gateway: Gateway): Promise<string[]> {
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const answers: unknown[] = [await api.servers.list({}), await api.audit.search({ first: 100 })]
  answers.push(await api.secrets.list({ first: 100 }), await api.secrets.history({ first: 100 }))
  for (const server of ['gitlab', 'desk']) answers.push(await api.secrets.form({ server }))
  for (const path of ['/health', '/'])
    for (const base of [gateway.endpoints.control, new URL(gateway.endpoints.mcp).origin, gateway.endpoints.portal])
      answers.push(await (await fetch(base + path)).text())
  return answers.map((answer) => JSON.stringify(answer))
}

/** Until the record of a last call is in the database: then those before it are. */
async function everythingRecorded(gateway: Gateway, token: string): Promise<void> {
  const fromMs = Date.now()
  await fetch(
    `${gateway.endpoints.mcp}/gitlab`,
    modernRequest(token, 'tools/call', { name: 'list_projects', arguments: { search: 'by-bob' } }),
  )
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const isThere = async () => Date.parse((await api.audit.search({ user: 'bob', first: 1 })).items[0]?.at ?? '') >= fromMs
  await until(isThere, 'the record of the last call')
}

function whoseTokens(seen: readonly { text: string; token: string | undefined }[], { gitlab, desk }: Canaries) {
  const upstream = { bob: 0, alice: 0 }
  const crossed: string[] = []
  for (const { text, token } of seen) {
    const who = people.find((who) => text.includes(`by-${who}`))
    if (!who) continue
    upstream[who]++
    if (token !== gitlab[who].value && token !== desk[who].value) crossed.push(text.slice(0, 200))
  }
  return { upstream, crossed }
}
