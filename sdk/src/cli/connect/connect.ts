import { writeEntry } from './files/write-entry.ts'
import type { Change, FileFormat } from './files/change.ts'
import { jsonFile } from './files/json.ts'
import { tomlFile } from './files/toml.ts'
import { yamlFile } from './files/yaml.ts'
import type { Context } from '../base/context.ts'
import { durationMs } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage, CliFault } from '../base/fault.ts'
import type { Gateway } from '../base/gateway.ts'
import { TOKEN_VARIABLE } from './clients/mcp-client.ts'
import type { Endpoint, McpClient } from './clients/mcp-client.ts'
import { MCP_CLIENTS } from './mcp-clients.ts'
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

const formats: Readonly<Record<McpClient['format'], FileFormat>> = { json: jsonFile, toml: tomlFile, yaml: yamlFile }
const names = [...MCP_CLIENTS.keys()].join(', ')

/** `bir connect` prints or writes the configuration of an MCP client. */
export const connect: Define = (parent, act) => {
  parent
    .command('connect')
    .summary("print or write an MCP client's configuration")
    .description(
      "Prints what a client needs to reach the gateway; with --write, puts it into the client's own file and leaves everything else there as it was (a backup is kept). With --user (stage local) it comes with a token, good for --ttl: in an environment variable where the client can read one, else in its file.",
    )
    .argument('<client>', names)
    .option('--user <handle>', 'with a token to act for this person (stage local)')
    .option('--ttl <duration>', 'how long that token is good for; a plane takes it 30 s longer, as clocks differ', '8h')
    .option('--server <id>', 'this one server, its tools under their own names; else everything the person may use', serverId)
    .option('--write', "write into the client's file, in this folder or in your home, as docs/cli.md lists them")
    .option('--json', '{"client","file","section","name","entry"}, and "environment" or "lists" where the client needs them')
    .addHelpText(
      'after',
      '\nExamples:\n  bir connect claude-code --user alice\n  bir connect vscode --user alice --server sql --write\n  bir connect codex --user bob --json | jq .entry',
    )
    .action(
      act<[string, Flags]>(async (context, id, flags) => {
        const client = MCP_CLIENTS.get(id)
        if (!client) throw badUsage(`There is no client ${id} that bir can connect. It knows ${names}.`)
        const gateway = await context.gateway()
        const { endpoint, expiresAt } = await endpointOf(context, gateway, flags)
        const connection = { client, file: client.file(context.environment), endpoint, change: changeOf(client, endpoint) }
        if (flags.json) context.printJson(jsonOf(id, connection))
        if (!flags.json && !flags.write) printEntry(context, connection)
        if (flags.write) await writeConfig(context, connection)
        if (!flags.json) printVariable(context, connection)
        printTokenNote(context, connection, expiresAt)
        return EXIT.ok
      }),
    )
}

interface Connection {
  client: McpClient
  file: string
  endpoint: Endpoint
  change: Change
}

const changeOf = (client: McpClient, endpoint: Endpoint): Change => ({
  section: client.section,
  name: endpoint.name,
  entry: client.entry(endpoint),
  lists: client.lists?.(endpoint) ?? {},
  newFile: client.newFile,
})

/** What the client's own process needs in its environment. */
const environmentOf = ({ client, endpoint }: Connection) =>
  client.tokenFrom === 'environment' && endpoint.token !== undefined ? { [TOKEN_VARIABLE]: endpoint.token } : undefined

function jsonOf(id: string, connection: Connection): object {
  const { file, change } = connection
  const { section, name, entry, lists } = change
  const environment = environmentOf(connection)
  const more = { ...(environment && { environment }), ...(Object.keys(lists).length > 0 && { lists }) }
  return { client: id, file, section, name, entry, ...more }
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

function printEntry(context: Context, { client, file, endpoint, change }: Connection): void {
  const command = client.command?.(endpoint)
  if (command) context.note('Run:')
  if (command) context.print(`${command}\n`)
  if (endpoint.token !== undefined && command?.includes(endpoint.token))
    context.note(`${client.title} then keeps the token in a file, as readable text.`)
  context.note(`${command ? 'Or put' : 'Put'} this into ${file} (--write does it):`)
  context.print(formats[client.format].print(change))
  context.note(client.next)
}

async function writeConfig(context: Context, { client, file: path, endpoint, change }: Connection): Promise<void> {
  const secret = client.tokenFrom === 'file' && endpoint.token !== undefined
  const options = { format: formats[client.format], change, secret, nowMs: context.environment.nowMs() }
  const { file, backup, changed } = await writeEntry(path, options)
  context.note(changed ? `${client.title} is connected as "${endpoint.name}" in ${file}.` : `${file} says so already.`)
  if (backup) context.note(`What was there before is in ${backup}.`)
  context.note(client.next)
}

/** What a person has to do with a token that is not in the file. */
function printVariable(context: Context, { client, endpoint: { token } }: Connection): void {
  if (token === undefined || client.tokenFrom === 'file') return
  if (client.tokenFrom === 'question') {
    context.note(`${client.title} asks for the token when it starts the server, and keeps it:`)
    return context.print(token)
  }
  context.note(`${client.title} reads the token from its environment. Set it where ${client.title} is started:`)
  const isWindows = context.environment.platform === 'win32'
  context.print(isWindows ? `$env:${TOKEN_VARIABLE} = '${token}'` : `export ${TOKEN_VARIABLE}='${token}'`)
}

function printTokenNote(context: Context, { client, file }: Connection, expiresAt: string | undefined): void {
  if (expiresAt === undefined) {
    context.note(
      'No token is in it, and the gateway offers no sign-in for MCP clients yet: give the client a token in the header Authorization. In stage local, --user brings one.',
    )
    return
  }
  const until = `The token is good until ${expiresAt} (a plane takes it 30 s longer, as clocks differ); then connect again.`
  if (client.tokenFrom !== 'file') return context.note(`${until} Who has it can act as that person.`)
  const care = client.perProject ? ': keep the file out of version control' : ''
  context.note(`${until} WARNING: the token is in ${file} as readable text. Who reads it can act as that person${care}.`)
}
