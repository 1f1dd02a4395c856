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

test.for([...mountedServers.keys()])('the surface of %s is the one that was reviewed', async (id) => {
  const server = mountedServers.get(id)
  const surface = [...(server?.tools.values() ?? [])].map(({ level, entry }) => ({ level, ...entry }))
  await expect(`${JSON.stringify(surface, undefined, 2)}\n`).toMatchFileSnapshot(`./${id}/surface.json`)
})
