import { Argument } from 'commander'
import { writeEntry } from './client-file.ts'
import type { Context } from '../base/context.ts'
import { durationMs } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import type { Gateway } from '../base/gateway.ts'
import { clientIds, MCP_CLIENTS } from './mcp-clients.ts'
import type { Endpoint, McpClient, McpClientId } from './mcp-clients.ts'
import { serverId } from '../base/server-id.ts'
import { personToken } from '../base/tokens.ts'
import type { Define } from '../base/verb.ts'

interface Flags {
  user?: string
  ttl: string
  server?: string
  write?: true
  json?: true
}

/** `bir connect` prints or writes the configuration of an MCP client. */
export const connect: Define = (parent, act) => {
  parent
    .command('connect')
    .summary("print or write an MCP client's configuration")
    .description(
      "Prints what a client needs to reach the gateway; with --write, puts it into the client's own file and leaves everything else there as it was (a backup is kept). With --user (stage local) a token is embedded, good for --ttl; without, the client has to sign in.",
    )
    .addArgument(new Argument('<client>', 'which client').choices(clientIds))
    .option('--user <handle>', 'embed a token to act for this person (stage local)')
    .option('--ttl <duration>', 'how long that token is good for', '8h')
    .option('--server <id>', 'this one server, its tools under their own names; else everything the person may use', serverId)
    .option(
      '--write',
      "write into the client's file: .mcp.json, .cursor/mcp.json and .vscode/mcp.json in this folder, or Claude Desktop's own",
    )
    .option('--json', '{"client","file","section","name","entry"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir connect claude-code --user alice\n  bir connect vscode --user alice --server sql --write\n  bir connect cursor --user bob --json | jq .entry',
    )
    .action(
      act<[McpClientId, Flags]>(async (context, id, flags) => {
        const gateway = await context.gateway()
        const { endpoint, expiresAt } = await endpointOf(context, gateway, flags)
        const client: McpClient = MCP_CLIENTS[id]
        const file = client.file(context.environment)
        const entry = client.entry(endpoint)
        if (flags.json) context.printJson({ client: id, file, section: client.section, name: endpoint.name, entry })
        if (!flags.json && !flags.write) printEntry(context, client, { file, endpoint, entry })
        if (flags.write) await writeConfig(context, client, { file, endpoint, entry })
        printTokenNote(context, client, expiresAt)
        return EXIT.ok
      }),
    )
}

async function endpointOf(
  context: Context,
  gateway: Gateway,
  { user, ttl, server }: Flags,
): Promise<{ endpoint: Endpoint; expiresAt?: string }> {
  if (!gateway.mcpUrl) {
    throw new CliFault('usage', 'Where do clients connect? Set BIR_MCP_URL, such as https://mcp.example.com/mcp.', { exit: EXIT.badInput })
  }
  const name = server === undefined ? 'bir' : `bir-${server}`
  const url = server === undefined ? gateway.mcpUrl : `${gateway.mcpUrl}/${server}`
  if (user === undefined) return { endpoint: { name, url, token: undefined } }
  const { token, expiresAt } = await personToken(gateway, {
    person: user,
    purpose: { server },
    ttlMs: durationMs(ttl),
    nowMs: context.environment.nowMs(),
  })
  return { endpoint: { name, url, token }, expiresAt }
}

interface ConfigEntry {
  file: string
  endpoint: Endpoint
  entry: Record<string, unknown>
}

function printEntry(context: Context, client: McpClient, { file, endpoint, entry }: ConfigEntry): void {
  const command = client.command?.(endpoint)
  if (command) context.note('Run:')
  if (command) context.print(`${command}\n`)
  context.note(`${command ? 'Or put' : 'Put'} this into ${file} (--write does it):`)
  context.print(JSON.stringify({ [client.section]: { [endpoint.name]: entry } }, undefined, 2))
  context.note(client.next)
}

async function writeConfig(context: Context, client: McpClient, { file: path, endpoint, entry }: ConfigEntry): Promise<void> {
  const { section } = client
  const secret = endpoint.token !== undefined
  const { file, backup, changed } = await writeEntry(path, {
    section,
    name: endpoint.name,
    entry,
    secret,
    nowMs: context.environment.nowMs(),
  })
  context.note(changed ? `${client.title} is connected as "${endpoint.name}" in ${file}.` : `${file} says so already.`)
  if (backup) context.note(`What was there before is in ${backup}.`)
  context.note(client.next)
}

function printTokenNote(context: Context, client: McpClient, expiresAt: string | undefined): void {
  if (expiresAt === undefined) {
    context.note(
      'No token is in it: the client has to sign in through the browser, where the gateway offers that. In stage local, --user embeds a token.',
    )
    return
  }
  context.note(
    `The token in it is good until ${expiresAt}; then connect again. Who reads it can act as that person${client.perProject ? ': keep the file out of version control' : ''}.`,
  )
}
