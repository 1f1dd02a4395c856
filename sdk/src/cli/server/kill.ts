import { EXIT } from '../base/exit.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'

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
      'The kill switch: every data plane refuses every call on the server from the next revision on, usually within a fraction of a second, and lists none of its tools. Grants, settings and approvals stay as they are.',
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
      .option('--json', '{"revision"}')
      .addHelpText('after', `\nExamples:\n  bir server ${verb} everything\n  bir snapshot status    which planes enforce it by now`)
      .action(
        act<[string, { json?: true }]>(async (context, id, { json }) => {
          const input = { id: serverId(id, 'server'), killed }
          const { client } = await context.gateway()
          const answer = await client.servers.kill(input)
          if (json) context.printJson(answer)
          else context.print(`${id} ${done}; revision ${answer.revision}.`)
          return EXIT.ok
        }),
      )
  }
}
