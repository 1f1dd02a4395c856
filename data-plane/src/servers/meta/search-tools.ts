import { z } from 'zod'
import { meta } from './server.ts'

export const searchTools = meta.tool({
  name: 'search_tools',
  description: 'Finds tools you can use by words in their name or description; with their input schema when asked for.',
  level: 'read',
  input: z.strictObject({
    query: z.string().max(200).describe('Words; all must occur'),
    server: z.string().optional().describe('Only this server'),
    level: z.enum(['read', 'write', 'destroy']).optional().describe('Only tools that need this level'),
    schema: z.boolean().default(false).describe('Include each input schema'),
    limit: z.int().min(1).max(100).default(20),
  }),
  output: z.object({
    items: z.array(
      z.object({
        server: z.string(),
        tool: z.string(),
        needs: z.string(),
        description: z.string(),
        input_schema: z.looseObject({}).optional(),
      }),
    ),
    count: z.int(),
    total: z.int(),
  }),
  run({ query, server, level, schema, limit }, { gateway }) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    const matches = gateway
      .servers()
      .filter(({ id }) => server === undefined || id === server)
      .flatMap(({ id, tools }) => tools.filter((tool) => tool.level !== undefined).map((tool) => ({ id, ...tool })))
      .filter(({ needs }) => level === undefined || needs === level)
      .filter(({ id, name, description }) => words.every((word) => `${id} ${name} ${description}`.toLowerCase().includes(word)))
    const items = matches.slice(0, limit).map(({ id, name, needs, description, inputSchema }) => ({
      server: id,
      tool: name,
      needs,
      description,
      ...(schema ? { input_schema: { ...inputSchema } } : {}),
    }))
    return { items, count: items.length, total: matches.length }
  },
  text: ({ items, total }) =>
    items.length === 0
      ? 'No tool you can use matches.'
      : [
          ...items.map(({ server, tool, needs, description }) => `${server} ${tool} (${needs}): ${description}`),
          `${items.length} of ${total}`,
        ].join('\n'),
})
