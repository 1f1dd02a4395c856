import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { parse } from 'yaml'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { secretFiles } from '../../secrets/files.ts'
import type { ReadSecret } from '../../secrets/files.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import { mountedServers } from '../index.ts'
import { serveHttp } from './http.ts'
import { standaloneFactory } from './server.ts'
import type { StandaloneSetup } from './server.ts'

const usage = `standalone <server> (--stdio | --port <n>) [--settings file.yaml] [--secrets folder]
Runs one server by itself, without a gateway: no policy, no audit, everything it can do is allowed.
Servers: ${[...mountedServers.keys()].join(', ')}`

/** Writes to standard error, because over stdio the protocol uses standard output. */
const printLine = (line: string) => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { stdio: { type: 'boolean' }, port: { type: 'string' }, settings: { type: 'string' }, secrets: { type: 'string' } },
  })
  const setup = await readSetup(positionals, values)
  if (values.stdio) {
    serveStdio(standaloneFactory(setup, reportError), { onerror: reportError })
    process.stdin.once('close', () => process.exit(0))
    return
  }
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`say --stdio, or --port with a number\n${usage}`)
  const endpoint = await serveHttp(setup, port, reportError)
  printLine(`${setup.server.title} at ${endpoint.url}`)
}

async function readSetup(
  [id = '']: string[],
  { settings: file, secrets }: { settings?: string; secrets?: string },
): Promise<StandaloneSetup> {
  const server = mountedServers.get(id)
  if (!server) throw new Error(`which server?\n${usage}`)
  const settings: unknown = file === undefined ? {} : parse(readFileSync(file, 'utf8'))
  const faults = server.faults(settings)
  if (faults.length > 0) throw new Error(`the settings of ${id} have faults:\n${faults.join('\n')}`)
  const readSecret = secretFiles(secrets)
  return { server, settings: settings as object, readSecret, secret: await secretOf(server, readSecret) }
}

/** The secret of the server: a file of the folder for each of its fields. */
async function secretOf({ id, secret }: MountedServer, readSecret: ReadSecret): Promise<SecretFields | undefined> {
  if (!secret) return undefined
  const read = async ([name, { optional }]: [string, { optional?: true }]) => {
    const value = await readSecret({ secret: name }).catch(() => undefined)
    if (value === undefined && !optional)
      throw new Error(`${id} needs a secret: put it into the file ${name} of a folder, and name that with --secrets`)
    return value === undefined ? [] : [[name, value] as const]
  }
  return Object.fromEntries((await Promise.all(Object.entries(secret.fields).map(read))).flat())
}

const reportError = (error: unknown) => printLine(error instanceof Error ? error.message : String(error))

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
main().catch((error: unknown) => {
  reportError(error)
  process.exit(1)
})
