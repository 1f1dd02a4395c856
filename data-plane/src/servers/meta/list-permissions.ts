import { z } from 'zod'
import type { ToolView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

interface Row {
  tool: string
  needs: string
  level?: string
  refused?: string
}

function rowOf({ name, needs, level, reason }: ToolView): Row {
  return level ? { tool: name, needs, level } : { tool: name, needs, refused: reason ?? 'no-grant' }
}

export const listPermissions = meta.tool({
  name: 'list_permissions',
  description: 'The servers on which you hold a grant and each tool: usable at which level, or why not.',
  level: 'read',
  input: z.strictObject({ server: z.string().optional().describe('Only this server') }),
  output: z.object({
    servers: z.array(
      z.object({
        server: z.string(),
        tools: z.array(z.object({ tool: z.string(), needs: z.string(), level: z.string().optional(), refused: z.string().optional() })),
      }),
    ),
  }),
  run({ server }, { gateway }) {
    const servers = gateway.servers().filter(({ id }) => server === undefined || id === server)
    return {
      servers: servers.map(({ id, tools }) => ({
        server: id,
        tools: tools.map(rowOf),
      })),
    }
  },
  text({ servers }) {
    if (servers.length === 0) return 'You hold no grant here. Ask an administrator.'
    return servers
      .flatMap(({ server, tools }) =>
        tools.map(
          ({ tool, needs, level, refused }) => `${server} ${tool}: ${refused ? `refused, ${refused}` : `${level} (needs ${needs})`}`,
        ),
      )
      .join('\n')
  },
})
