import type { Ctx } from '../base/context.ts'
import { list } from './definitions.ts'
import { acceptReport } from './report.ts'

export const anAddress = 'http://127.0.0.1:3001/mcp'

/** A tool as a server lists it. */
export const aTool = (name: string, more: object = {}) => ({
  name,
  definition: { name, description: `Does ${name}.`, inputSchema: { type: 'object' }, ...more },
})
export type Tool = ReturnType<typeof aTool>

/** What a plane reports of the server `everything`. */
export const reported = (ctx: Ctx, tools: Tool[], url?: string) =>
  acceptReport(
    { ...ctx, actor: { id: 'plane:one', label: 'plane:one', administrator: true } },
    { server: 'everything', tools, ...(url && { url }) },
  )

/** The state and the flags of each tool. */
export async function standing(ctx: Ctx): Promise<Record<string, string>> {
  const { items } = await list(ctx, { id: 'everything' })
  return Object.fromEntries(items.map(({ name, state, flags }) => [name, [state, ...flags].join(', ')]))
}
