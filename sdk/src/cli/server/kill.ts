import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

interface Switch {
  verb: 'kill' | 'revive'
  killed: boolean
  summary: string
  description: string
  done: string
}

const switches: readonly Switch[] = [
  {
    verb: 'kill',
    killed: true,
    summary: 'refuse every call on a server at once, for everyone',
    description:
      'The kill switch: every data plane refuses every call on the server from the next revision on, usually within a fraction of a second, and lists none of its tools. Says which planes do by now; exits with 3 unless all do. Grants, settings and approvals stay as they are.',
    done: 'is switched off for everyone',
  },
  {
    verb: 'revive',
    killed: false,
    summary: 'let a killed server be used again',
    description: 'Takes the kill switch back: whoever may use the server may use it again.',
    done: 'can be used again',
  },
]

/** `bir server kill` and `bir server revive` set and release the kill switch of a server. */
export const serverKill: Define = (parent, act) => {
  for (const { verb, killed, summary, description, done } of switches) {
    parent
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<id>', 'the server')
      .option('--json', '{"revision","enforcement"}')
      .addHelpText('after', `\nExamples:\n  bir server ${verb} everything\n  bir snapshot status    which planes enforce it by now`)
      .action(
        act<[string, { json?: true }]>(async (context, id, { json }) => {
          const input = { id: serverId(id, 'server'), killed }
          const { client } = await context.gateway()
          const answer = await client.servers.kill(input)
          const enforcement = await awaitEnforcement(client)
          if (!json) return reportEnforcement(context, `${id} ${done}; revision ${answer.revision}`, enforcement)
          context.printJson({ ...answer, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }),
      )
  }
}
