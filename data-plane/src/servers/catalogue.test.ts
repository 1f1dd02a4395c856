import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mountedServers } from './index.ts'

/** The law of the catalogue: every tool of every server, by what it declares. */

const verbs =
  'get list search create update add link transition run render delete save commit merge query preview build clear execute describe explain check validate echo whoami simulate'.split(
    ' ',
  )

const tools = [...mountedServers.values()].flatMap((server) => [...server.tools.values()].map((tool) => ({ server: server.id, ...tool })))

test.for(tools.map((tool) => [`${tool.server} ${tool.name}`, tool] as const))(
  '%s keeps the law',
  ([, { server, name, description, level, entry }]) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(`${server}_${name}`.length).toBeLessThanOrEqual(40)
    expect(verbs).toContain(name.split('_')[0])
    expect(description.length).toBeGreaterThan(20)
    expect(description.length).toBeLessThanOrEqual(300)
    expect(['read', 'write', 'destroy']).toContain(level)
    expect(JSON.stringify({ ...entry, outputSchema: undefined }).length).toBeLessThanOrEqual(1_200)
  },
)

test.for(tools.map((tool) => [`${tool.server} ${tool.name}`, tool.entry.inputSchema] as const))(
  'the input of %s is flat: no unions, no references',
  ([, schema]) => {
    expect(JSON.stringify(schema)).not.toMatch(/"(anyOf|oneOf|allOf|\$ref|\$defs)"/)
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
  },
)

test.for([...mountedServers.keys()])('every tool of %s has a test beside it or its server has one', (id) => {
  const files = readdirSync(new URL(`./${id}`, import.meta.url), { recursive: true }).map(String)
  expect(files.some((file) => file.endsWith('.test.ts'))).toBe(true)
})

const all = [...mountedServers.values()]
const prompts = all.flatMap((server) => [...server.prompts.values()].map((prompt) => ({ server: server.id, ...prompt })))
const readable = all.flatMap((server) =>
  [...server.resources.values(), ...server.templates.values()].map(({ entry }) => ({
    server: server.id,
    uri: 'uri' in entry ? entry.uri : entry.uriTemplate,
    entry,
  })),
)

test.for(readable.map((each) => [`${each.server} ${each.uri}`, each] as const))('%s keeps the law', ([, { server, uri, entry }]) => {
  // The gateway speaks of itself under its own name; a view of MCP Apps has a scheme of its own.
  expect(uri).toMatch(new RegExp(`^(${server === 'meta' ? 'gateway' : server}|ui)://`))
  expect(uri).toMatch(/^[a-z]+:\/\/[a-z0-9-]*(\{\w+\}|[\w/.-])*$/)
  expect(entry.name).toMatch(/^[a-z][a-z0-9-]*$/)
  expect(entry.mimeType).toMatch(/^\w+\/[\w.+-]+(;profile=mcp-app)?$/)
  expect(entry.description.length).toBeGreaterThan(20)
  expect(JSON.stringify(entry).length).toBeLessThanOrEqual(600)
})

test.for(prompts.map((each) => [`${each.server} ${each.name}`, each] as const))(
  'the prompt %s keeps the law',
  ([, { server, name, entry }]) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(`${server}_${name}`.length).toBeLessThanOrEqual(40)
    expect(entry.description.length).toBeGreaterThan(20)
    expect(entry.arguments.every(({ description }) => description !== undefined)).toBe(true)
    expect(JSON.stringify(entry).length).toBeLessThanOrEqual(600)
  },
)

test.for(all.map(({ id }) => id))('names and URIs of %s are its own: nothing is declared twice', (id) => {
  const server = mountedServers.get(id)
  const entries = [...(server?.resources.values() ?? []), ...(server?.templates.values() ?? [])].map(({ entry }) => entry.name)
  expect(new Set(entries).size).toBe(entries.length)
})

test.for(all.map(({ id }) => id))('the surface of %s is the one that was reviewed', async (id) => {
  const server = mountedServers.get(id)
  const entriesOf = (offers: ReadonlyMap<string, { entry: object }> | undefined) => [...(offers?.values() ?? [])].map(({ entry }) => entry)
  const surface = {
    tools: [...(server?.tools.values() ?? [])].map(({ level, entry }) => ({ level, ...entry })),
    resources: entriesOf(server?.resources),
    templates: entriesOf(server?.templates),
    prompts: entriesOf(server?.prompts),
  }
  await expect(`${JSON.stringify(surface, undefined, 2)}\n`).toMatchFileSnapshot(`./${id}/surface.json`)
})
