import { z } from 'zod'
import { Sha256, ShortHash } from '../../contract/names.ts'
import { badUsage, CliFault } from '../base/fault.ts'
import type { Gateway } from '../base/gateway.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'
import { hashOfAll, isWaiting } from './waiting.ts'

interface Options {
  all?: string
  json?: true
}

/** `bir server approve` approves what somebody has looked at, which its hash says. */
export const serverApprove: Define = (parent, act) => {
  parent
    .command('approve')
    .summary('approve what a remote server offers, and you have looked at')
    .description(
      'Approves tools of a remote server as you have looked at them: each by its name and the hash that "bir server definitions" prints. When the server offers something else by now, nothing is approved. What was held back is served by the data planes that enforce it by then, which the command says; it exits with 3 unless all do.',
    )
    .argument('<id>', 'the server')
    .argument('[tools...]', 'its tools, each as <name>@<hash>')
    .option('--all <hash>', 'all that wait, by the hash of all')
    .option('--json', '{"revision","approved","enforcement"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir server definitions everything\n  bir server approve everything echo@k3v7abcd add@q2x4mnop\n  bir server approve everything --all 3f9a07c2b1',
    )
    .action(
      act<[string, string[], Options]>(async (context, id, tools, { all, json }) => {
        const target = { id: serverId(id, 'server') }
        if ((all === undefined) === (tools.length === 0)) throw badUsage(`Only what you have looked at can be approved. ${howTo(id)}`)
        const named = tools.map((tool) => lookedAt(id, tool))
        const { client } = await context.gateway()
        const seen = all === undefined ? Object.fromEntries(named) : await allThatWait(client, id, all)
        const result = await client.servers.approve({ ...target, names: Object.keys(seen), seen })
        const enforcement = await awaitEnforcement(client)
        if (json) {
          context.printJson({ ...result, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }
        for (const name of result.approved) context.print(`approved ${printable(name)}`)
        const count = result.approved.length
        const done = count === 0 ? `Nothing of this waits at ${id}` : `${count} approved`
        return reportEnforcement(context, `${done}; revision ${result.revision}`, enforcement)
      }),
    )
}

const howTo = (id: string) => `"bir server definitions ${id}" prints the tools with their hashes: bir server approve ${id} <tool>@<hash>`

/** Short as `bir` prints it, or whole. */
const Hash = z.union([ShortHash, Sha256])

/** The name and the hash of a tool, as in `echo@k3v7abcd`. */
function lookedAt(id: string, tool: string): readonly [name: string, hash: string] {
  const at = tool.lastIndexOf('@')
  if (at <= 0 || at === tool.length - 1) throw badUsage(`${tool}: a hash must say what you have looked at. ${howTo(id)}`)
  const hash = tool.slice(at + 1)
  if (!Hash.safeParse(hash).success) throw badUsage(`${tool}: ${hash} is not the hash of a tool. ${howTo(id)}`)
  return [tool.slice(0, at), hash]
}

/** The hashes of all tools that wait, if they are those that somebody has looked at. */
async function allThatWait(client: Gateway['client'], id: string, hash: string): Promise<Record<string, string>> {
  const { items } = await client.servers.definitions({ id })
  const waiting = items.filter(isWaiting)
  if (waiting.length > 0 && hashOfAll(waiting) === hash) return Object.fromEntries(waiting.map(({ name, shortHash }) => [name, shortHash]))
  const names = waiting.map(({ name }) => name).join(', ') || 'nothing'
  throw new CliFault(
    'conflict',
    `Nothing was approved: what waits at ${id} now (${names}) is not what you have looked at. Look again: bir server definitions ${id}`,
  )
}
