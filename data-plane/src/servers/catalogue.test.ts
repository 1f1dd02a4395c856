import { readdirSync, readFileSync } from 'node:fs'
import { LATER } from '@bir/sdk/contract/needs'
import { schemaPaths } from '@bir/sdk/contract/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../server-kit/define.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { mountedServers } from './index.ts'

/** The rules of the catalogue. They check what every server declares. */

const verbs =
  'get list search create update add link transition run render delete save commit merge query preview build clear execute describe explain check validate echo whoami simulate'.split(
    ' ',
  )

const tools = [...mountedServers.values()].flatMap((server) => [...server.tools.values()].map((tool) => ({ server: server.id, ...tool })))

test.for(tools.map((tool) => [`${tool.server} ${tool.name}`, tool] as const))(
  '%s keeps the rules for tools',
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

/** The texts of all test files in the folder of a server. */
function readTests(id: string): string[] {
  const folder = new URL(`./${id}/`, import.meta.url)
  const files = readdirSync(folder, { recursive: true }).map(String)
  return files.filter((file) => file.endsWith('.test.ts')).map((file) => readFileSync(new URL(file, folder), 'utf8'))
}

/** The tools that no test names: neither their MCP name as a string nor their module, such as `./list-tables.ts`. */
function untestedTools({ tools }: MountedServer, tests: readonly string[]): string[] {
  return [...tools.keys()].filter((name) => {
    const named = new RegExp(`(['"\`])(${name}|[^'"\`\n]*/${name.replaceAll('_', '-')}\\.ts)\\1`)
    return !tests.some((text) => named.test(text))
  })
}

test.for([...mountedServers.values()].map((server) => [server.id, server] as const))(
  'every tool of %s is named in a test file of its folder, by its MCP name or its module',
  ([id, server]) => {
    expect(untestedTools(server, readTests(id))).toEqual([])
  },
)

test('a tool that no test file names is found', () => {
  const pretend = defineServer({ id: 'pretend', title: 'Pretend', settings: z.strictObject({}) })
  const object = z.strictObject({})
  const tool = (name: string) => pretend.tool({ name, description: name, level: 'read', input: object, output: object, run: () => ({}) })
  const server = pretend.with(tool('get_thing'), tool('list_things'))

  expect(untestedTools(server, [])).toEqual(['get_thing', 'list_things'])
  expect(untestedTools(server, ["await call('get_thing')"])).toEqual(['list_things'])
  expect(untestedTools(server, ["await call('get_thing')", "import { listThings } from './list-things.ts'"])).toEqual([])
  expect(untestedTools(server, ['// get_thing', "call('get_thing_too')", "'./list-things.test.ts'"])).toEqual(['get_thing', 'list_things'])
})

const servers = [...mountedServers.values()]
const prompts = servers.flatMap((server) => [...server.prompts.values()].map((prompt) => ({ server: server.id, ...prompt })))
const readableEntries = servers.flatMap((server) =>
  [...server.resources.values(), ...server.templates.values()].map(({ entry }) => ({
    server: server.id,
    uri: 'uri' in entry ? entry.uri : entry.uriTemplate,
    entry,
  })),
)

test.for(readableEntries.map((item) => [`${item.server} ${item.uri}`, item] as const))(
  '%s keeps the rules for resources',
  ([, { server, uri, entry }]) => {
    // The server meta describes the gateway, so its scheme is `gateway`. A view of MCP Apps has the scheme `ui`.
    expect(uri).toMatch(new RegExp(`^(${server === 'meta' ? 'gateway' : server}|ui)://`))
    expect(uri).toMatch(/^[a-z]+:\/\/[a-z0-9-]*(\{\w+\}|[\w/.-])*$/)
    expect(entry.name).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(entry.mimeType).toMatch(/^\w+\/[\w.+-]+(;profile=mcp-app)?$/)
    expect(entry.description.length).toBeGreaterThan(20)
    expect(JSON.stringify(entry).length).toBeLessThanOrEqual(600)
  },
)

test.for(prompts.map((prompt) => [`${prompt.server} ${prompt.name}`, prompt] as const))(
  '%s keeps the rules for prompts',
  ([, { server, name, entry }]) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(`${server}_${name}`.length).toBeLessThanOrEqual(40)
    expect(entry.description.length).toBeGreaterThan(20)
    expect(entry.arguments.every(({ description }) => description !== undefined)).toBe(true)
    expect(JSON.stringify(entry).length).toBeLessThanOrEqual(600)
  },
)

test.for(servers.map(({ id }) => id))('no two resources or templates of %s have the same name', (id) => {
  const server = mountedServers.get(id)
  const entries = [...(server?.resources.values() ?? []), ...(server?.templates.values() ?? [])].map(({ entry }) => entry.name)
  expect(new Set(entries).size).toBe(entries.length)
})

test.for(servers.map(({ id }) => id))('the declarations of %s are those in its reviewed surface.json', async (id) => {
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

/** The settings of servers that every version has known. Never add to it: what is new goes into `LATER`. */
const format1: Record<string, string> = {
  sql: `kind=postgres host port database user password.secret schema tls=off tls=verify description functions.* planCheck maxRows timeoutMs`,
}

test.for(servers.map(({ id }) => id))(
  'every setting of %s is of format 1 or in LATER, so whoever adds one decides what older planes do',
  (id) => {
    const later = Object.keys(LATER.servers ?? {})
    const isLater = (path: string) => later.some((known) => `servers.${id}.settings.${path}`.startsWith(known))
    const known = schemaPaths(mountedServers.get(id)?.settings ?? z.never())
    const first = (format1[id] ?? '').split(' ').filter(Boolean)
    expect(known.filter((path) => !isLater(path))).toEqual(first.map((member) => `connections.*.${member}`).sort())
  },
)
