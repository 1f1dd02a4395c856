import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { CallView, GatewayView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

const maxCalls = 50

export const whyWasIRefused = meta.prompt({
  name: 'why_was_i_refused',
  title: 'Why was I refused?',
  description: 'Explains one of your latest calls that was not answered, by the id that list_calls of debug shows.',
  args: z.strictObject({ call: z.string().describe('The id of the call') }),
  complete: { call: ({ gateway }) => unansweredCalls(gateway).map(({ call }) => call) },
  render({ call }, { gateway }) {
    const callView = gateway.calls(maxCalls).find((view) => view.call === call)
    if (!callView) throw new ToolError('not_found', `No call ${call.slice(0, 100)} among your latest on this plane.`)
    return [
      `Explain to me what became of my call ${call}.`,
      callLines(callView),
      `What I may do with the tool now: ${currentPermission(gateway, callView)}.`,
      'Say in plain words what the reason means, whether I can mend it myself, and if not, exactly what to ask an administrator for.',
    ].join('\n\n')
  },
})

const unansweredCalls = (gateway: GatewayView) => gateway.calls(maxCalls).filter(({ outcome }) => outcome !== 'answered')

const callLines = ({ atMs, server, tool, outcome, reason, durationMs }: CallView) =>
  [
    `- when: ${new Date(atMs).toISOString()}`,
    `- tool: ${tool} of ${server}`,
    `- outcome: ${outcome}`,
    ...(reason === undefined ? [] : [`- reason: ${reason}`]),
    `- took: ${durationMs} ms`,
  ].join('\n')

function currentPermission(gateway: GatewayView, { server, tool }: CallView): string {
  const serverView = gateway.servers().find(({ id }) => id === server)
  const view = serverView?.tools.find(({ name }) => name === tool)
  const hint = view?.reason?.startsWith('secret-') ? ` ${serverView?.secret?.hint ?? ''}` : ''
  if (!view) return 'nothing: it is not there for me'
  return view.level === undefined
    ? `nothing, ${view.reason ?? 'no-grant'} (it needs ${view.needs})${hint}`
    : `call it, at the level ${view.level}`
}
