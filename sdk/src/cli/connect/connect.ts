import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'
import { endpointOf } from './endpoint.ts'
import { connectByFile } from './file-client.ts'
import { connectByGuide } from './guide-client.ts'
import { GUIDES, MCP_CLIENTS } from './mcp-clients.ts'

interface Flags {
  token?: true
  user?: string
  ttl: string
  server?: string
  write?: true
  json?: true
}

const names = [...MCP_CLIENTS.keys(), ...GUIDES.keys()].sort().join(', ')

/** `bir connect` prints or writes the configuration of an MCP client. */
export const connect: Define = (parent, act) => {
  parent
    .command('connect')
    .summary("print or write an MCP client's configuration")
    .description(
      "Prints what a client needs to reach the gateway: a file's content, a command, a program, or steps. It holds the address alone, because clients sign in by themselves. With --write, puts it into the client's own file and leaves everything else there as it was (a backup is kept). With --token it comes with a token, in an environment variable where the client can read one, else in its file.",
    )
    .argument('<client>', names)
    .option('--token', 'with the token in BIR_MCP_TOKEN, such as one of "bir pat create"; with --user, a fresh one')
    .option('--user <handle>', 'with a fresh token to act for this person (stage local)')
    .option('--ttl <duration>', 'how long a fresh token is good for; a plane takes it 30 s longer, as clocks differ', '8h')
    .option('--server <id>', 'this one server, its tools under their own names; else everything the person may use', serverId)
    .option('--write', "write into the client's file, in this folder or in your home, as docs/connect.md lists them")
    .option(
      '--json',
      '{"client","file","section","name","entry"}, and "environment" or "lists" where the client needs them; without a file {"client","name","url","text","steps"}',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  bir connect claude-code\n  bir connect claude.ai\n  bir connect vscode --server sql --write\n  bir connect codex --token --user bob --json | jq .entry\n  eval "$(bir connect curl --token --user alice)"',
    )
    .action(
      act<[string, Flags]>(async (context, id, flags) => {
        const client = MCP_CLIENTS.get(id)
        const guide = GUIDES.get(id)
        if (!client && !guide) throw badUsage(`There is no client ${id} that bir can connect. It knows ${names}.`)
        if (guide && flags.write) throw badUsage(`${guide.title} has no file that bir could write: leave out --write.`)
        if (guide?.token === 'never' && (flags.token ?? flags.user))
          throw badUsage(`${guide.title} signs in by itself and takes no token: leave out --token and --user.`)
        const connection = await endpointOf(context, flags)
        if (guide) connectByGuide(context, { id, guide, ...connection }, flags)
        if (client) await connectByFile(context, { id, client, ...connection }, flags)
        return EXIT.ok
      }),
    )
}
