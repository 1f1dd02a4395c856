import { z } from 'zod'
import type { GatewayView } from '../gateway-view.ts'
import { meta } from './server.ts'

export const listServers = meta.tool({
  name: 'list_servers',
  description: 'The servers on which you hold a grant: how many of their tools you can use, and whether they answer.',
  level: 'read',
  input: z.strictObject({}),
  output: z.object({
    items: z.array(
      z.object({
        server: z.string(),
        title: z.string(),
        usable_tools: z.int(),
        refused_tools: z.int(),
        state: z.string(),
        speaks: z.string().optional(),
      }),
    ),
    count: z.int(),
  }),
  run: (_args, { gateway }) => heldServers(gateway),
  text: ({ items }) =>
    items
      .map(
        ({ server, title, usable_tools, refused_tools, state }) =>
          `${server} (${title}): ${usable_tools} usable, ${refused_tools} refused; ${state}`,
      )
      .join('\n'),
})

/** The servers on which the caller holds a grant. */
export function heldServers(gateway: GatewayView) {
  const items = gateway.servers().map(({ id, title, tools, health }) => {
    const usable = tools.filter(({ level }) => level !== undefined).length
    const spoken = health.era === undefined ? {} : { speaks: health.era }
    return { server: id, title, usable_tools: usable, refused_tools: tools.length - usable, state: health.state, ...spoken }
  })
  return { items, count: items.length }
}
