import { ToolError } from '@bir/sdk/contract/errors'
import { joinedName } from '../../aggregate/names/tool-names.ts'
import type { GatewayView, ToolView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

export const toolHelp = meta.template({
  uriTemplate: 'gateway://tools/{name}',
  name: 'tool-help',
  title: 'Help of a tool',
  description: 'All about one tool you can use: what it does, the level it needs, every argument. Named {server}_{tool}.',
  mimeType: 'text/markdown',
  complete: { name: ({ gateway }) => [...usableTools(gateway).keys()] },
  read({ name }, { gateway }) {
    const tool = usableTools(gateway).get(name)
    if (!tool) throw new ToolError('not_found', `There is no tool ${name.slice(0, 100)} that you may use.`)
    return helpOf(name, tool)
  },
})

const usableTools = (gateway: GatewayView): Map<string, ToolView> =>
  new Map(
    gateway
      .servers()
      .flatMap(({ id, tools }) =>
        tools.filter(({ level }) => level !== undefined).map((tool) => [joinedName({ server: id, tool: tool.name }), tool] as const),
      ),
  )

interface Argument {
  type?: unknown
  description?: string
  default?: unknown
  enum?: unknown[]
}

function helpOf(name: string, { description, needs, inputSchema }: ToolView): string {
  const { properties = {}, required = [] } = inputSchema as { properties?: Record<string, Argument>; required?: string[] }
  const args = Object.entries(properties).map(([key, argument]) => `- ${argumentLine(key, argument, required.includes(key))}`)
  return [
    `# ${name}`,
    description,
    `Needs the level ${needs}.`,
    args.length === 0 ? 'Takes no arguments.' : `Arguments:\n${args.join('\n')}`,
    `Schema:\n\`\`\`json\n${JSON.stringify(inputSchema, undefined, 2)}\n\`\`\``,
  ].join('\n\n')
}

function argumentLine(name: string, { type, description, default: fallback, enum: values }: Argument, required: boolean): string {
  const facts = [
    ...(typeof type === 'string' ? [type] : []),
    ...(required && fallback === undefined ? ['required'] : []),
    ...(values ? [`one of ${values.map(String).join(', ')}`] : []),
    ...(fallback === undefined ? [] : [`default ${JSON.stringify(fallback)}`]),
  ]
  return `\`${name}\` (${facts.join('; ')})${description === undefined ? '' : `: ${description}`}`
}
