import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { SecretView, ToolView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

export const connectSystem = meta.prompt({
  name: 'connect_system',
  title: 'Connect a system',
  description: 'What is missing until you can work with a server, and how to get there.',
  args: z.strictObject({ server: z.string().describe('A server on which you hold a grant') }),
  complete: { server: ({ gateway }) => gateway.servers().map(({ id }) => id) },
  render({ server }, { gateway }) {
    const view = gateway.servers().find(({ id }) => id === server)
    if (!view) throw new ToolError('not_found', `There is no server ${server.slice(0, 100)} that you may use.`)
    return [
      `Help me to work with ${view.title} (server ${view.id}) through this gateway.`,
      ...(view.secret ? [secretLine(view.secret)] : []),
      'What the gateway says of my permission there now:',
      view.tools.map(toolLine).join('\n') || '- it offers no tools',
      'Check first whether it can be reached (check_server of the server debug, when I have it). ' +
        'Then tell me in plain words what I can do already, what is missing for the rest, and whom to ask for it. ' +
        'A secret belongs in the portal: never ask me to type one here.',
    ].join('\n\n')
  },
})

const secretLine = ({ state, hint }: SecretView): string =>
  state === 'good' ? 'The secret for it is good.' : `It needs a secret, and the state of mine is: ${state}. ${hint}`

const toolLine = ({ name, needs, level, reason }: ToolView) =>
  `- ${name} (needs ${needs}): ${level === undefined ? `refused, ${reason ?? 'no-grant'}` : `usable at ${level}`}`
