import type { Context } from '../base/context.ts'
import { TOKEN_VARIABLE } from './clients/mcp-client.ts'
import type { McpClient } from './clients/mcp-client.ts'
import type { Reached } from './endpoint.ts'
import type { Change, FileFormat } from './files/change.ts'
import { jsonFile } from './files/json.ts'
import { tomlFile } from './files/toml.ts'
import { writeEntry } from './files/write-entry.ts'
import { yamlMapFile } from './files/yaml-map.ts'
import { yamlFile } from './files/yaml.ts'
import { needsToken, untilText, variableLine } from './token-lines.ts'

const formats: Readonly<Record<McpClient['format'], FileFormat>> = {
  json: jsonFile,
  toml: tomlFile,
  yaml: yamlFile,
  'yaml-map': yamlMapFile,
}

interface Connection extends Reached {
  client: McpClient
  file: string
  change: Change
}

/** Prints or writes the entry of a client that a file configures. */
export async function connectByFile(
  context: Context,
  { id, client, ...reached }: Reached & { id: string; client: McpClient },
  { write, json }: { write?: true; json?: true },
): Promise<void> {
  const connection = { client, file: client.file(context.environment), change: changeOf(client, reached), ...reached }
  if (json) context.printJson(jsonOf(id, connection))
  if (!json && !write) printEntry(context, connection)
  if (write) await writeConfig(context, connection)
  if (!json) printVariable(context, connection)
  printTokenNote(context, connection)
}

const changeOf = (client: McpClient, { endpoint }: Reached): Change => ({
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
  context.print(variableLine(context, token))
}

function printTokenNote(context: Context, { client, file, endpoint, expiresAt }: Connection): void {
  if (endpoint.token === undefined) return context.note(client.signIn?.(endpoint.name) ?? needsToken(client.title))
  const until = untilText(expiresAt)
  if (client.tokenFrom !== 'file') return context.note(`${until} Who has it can act as that person.`)
  const care = client.perProject ? ': keep the file out of version control' : ''
  context.note(`${until} WARNING: the token is in ${file} as readable text. Who reads it can act as that person${care}.`)
}
