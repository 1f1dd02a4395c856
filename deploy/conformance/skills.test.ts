import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills'
import { expect, test } from 'vitest'
import { skillFiles } from './fixture/skills.ts'
import { fixtureTools } from './fixture/tool-names.ts'
import { planeGateway } from './gateway/gateway-plane.ts'
import { legacyUpstream } from './upstreams/legacy.ts'
import { modernUpstream } from './upstreams/modern.ts'

/**
 * Starts two servers with the same skills and one with none behind `/mcp`.
 * The official client reads them; it checks every URI, size and digest.
 */
async function aggregate() {
  await using stack = new AsyncDisposableStack()
  const upstreams = {
    one: stack.use(await modernUpstream()),
    two: stack.use(await modernUpstream()),
    plain: stack.use(await legacyUpstream()),
  }
  const remotes = Object.fromEntries(Object.entries(upstreams).map(([id, { url }]) => [id, { url, tools: fixtureTools }]))
  const gateway = stack.use(await planeGateway(remotes, []))
  const url = new URL(gateway.url('one').href.replace(/\/one$/, ''))
  const requestInit = { headers: { Authorization: `Bearer ${gateway.token}` } }
  // A client reads the capabilities when it connects. So it connects again until the gateway knows those of its
  // servers.
  let client: Client | undefined
  stack.defer(() => client?.close())
  const connectAndList = async () => {
    await client?.close()
    client = new Client({ name: 'skilled', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    return (await new SkillsClient(client).list({})).skills
  }
  await expect.poll(connectAndList).toHaveLength(4)
  const resources = stack.move()
  return { skills: new SkillsClient(client!), [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const uris = (server: string) => ['refunds', 'reports'].map((name) => `skill://${server}/acme/${name}/SKILL.md`)

test('`/mcp` lists the skills of all servers in order, and each can be read and verified, with its files', async () => {
  await using gateway = await aggregate()
  const { skills } = gateway
  expect([skills.supported, skills.directoryRead]).toEqual([true, true])
  const { skills: listed, invalid } = await skills.list({})
  expect(listed.map(({ uri }) => uri)).toEqual([...uris('one'), ...uris('two')])
  expect(invalid).toEqual([])

  for (const skill of listed) {
    expect((await skills.get(skill.uri)).skill).toEqual(skill)
    const manifest = await skills.read(skill)
    expect([manifest.uri, manifest.verified]).toEqual([skill.uri, true])
  }
  const rules = await skills.read(listed[2]!, 'references/RULES.md')
  expect(rules).toMatchObject({
    uri: 'skill://two/acme/refunds/references/RULES.md',
    verified: true,
    text: skillFiles['refunds/references/RULES.md'],
  })
})

test('a folder of a skill is read page by page from its server', async () => {
  await using gateway = await aggregate()
  const folder = await gateway.skills.readDirectory('skill://two/acme/refunds/references')
  expect(folder.resources.map(({ uri }) => uri)).toEqual([
    'skill://two/acme/refunds/references/LIMITS.md',
    'skill://two/acme/refunds/references/RULES.md',
  ])
})

test.for([
  ['a server’s own', 'skill://acme/refunds/SKILL.md'],
  ['one of a server without skills', 'skill://plain/acme/refunds/SKILL.md'],
  ['one of a server that is not there', 'skill://three/acme/refunds/SKILL.md'],
  ['one that is not there', 'skill://one/acme/nothing/SKILL.md'],
])('a URI that is %s is no skill and no folder', async ([, uri]) => {
  await using gateway = await aggregate()
  await expect(gateway.skills.get(uri!)).rejects.toMatchObject({ code: -32_602 })
  await expect(gateway.skills.readDirectory(uri!)).rejects.toMatchObject({ code: -32_602 })
})
